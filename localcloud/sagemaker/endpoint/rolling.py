"""RollingUpdatePolicy: instances replaced in batches; an alarm brings the old ones back in batches."""

from __future__ import annotations

from localcloud.sagemaker.endpoint import sizes
from localcloud.sagemaker.endpoint.fleet import Fleet
from localcloud.sagemaker.endpoint.rollout import Rollout


class Rolling(Rollout):
    """One update of one variant's instances; every instance, old or new, has the same part of the traffic."""

    def run(self) -> Fleet:
        """Batch by batch: start, give traffic, bake, end as many old ones. Raises DeploymentFailedError."""
        self.alarms.look()
        self.open(self.green, empty=True)
        batch = sizes.instances(self.policy["MaximumBatchSize"], self.total)
        batches = -(-self.total // batch)
        for number in range(1, batches + 1):
            self.replace(min(self.total, number * batch), number, batches)
        self.live.serve((self.green, 1.0))
        return self.green

    def replace(self, reached: int, number: int, batches: int) -> None:
        """One batch, after which the new fleet has `reached` instances."""
        of = f"batch {number} of {batches}"
        self.pace.check()
        self.tell("Creating", f"Launching instances up to {reached} of {self.total} ({of}).", 0.0)
        self.green.grow({self.variant: reached})
        self.share()
        self.tell("ActivatingTraffic", f"Turned on traffic on {reached} of {self.total} instance(s) ({of}).", 0.0)
        seconds = self.policy["WaitIntervalInSeconds"]
        if seconds:
            message = (
                f"Baking for {seconds:g} seconds (WaitIntervalInSeconds) with traffic enabled on {reached} instance(s)."
            )
            self.tell("Baking", message, 0.0)
        self.watch(seconds)
        self._keep_old(0 if reached == self.total else max(0, self.old_total - reached))

    def back(self) -> None:
        """Bring the old instances back, RollbackMaximumBatchSize at a time; raises DeploymentFailedError."""
        old, _ = self.blue[0]
        missing = self.old_total - old.counts()[self.old_variant]
        batch = self.old_total
        if "RollbackMaximumBatchSize" in self.policy:
            batch = sizes.instances(self.policy["RollbackMaximumBatchSize"], self.old_total)
        while missing > 0:
            missing = max(0, missing - batch)
            old.grow({self.old_variant: self.old_total - missing})
            self.share()
            left = self.green.counts()[self.variant]
            self.green.shrink({self.variant: min(left, missing)})
            self.share()
        self.live.serve((old, 1.0))
        self.live.retire(self.green)

    def share(self) -> None:
        """Traffic by the number of instances."""
        old, _ = self.blue[0]
        ours, theirs = self.green.counts()[self.variant], old.counts()[self.old_variant]
        every = ours + theirs
        shares = [(old, theirs / every)] if theirs else []
        self.live.serve(*shares, *([(self.green, ours / every)] if ours else []))

    def active(self, share: float) -> dict[str, int]:
        """All that run."""
        return self.green.counts()

    @property
    def variant(self) -> str:
        """The one variant's name."""
        return str(self.green.plan["variants"][0]["VariantName"])

    @property
    def old_variant(self) -> str:
        """Its name in the old fleet."""
        return str(self.blue[0][0].plan["variants"][0]["VariantName"])

    @property
    def old_total(self) -> int:
        """How many instances the old fleet had."""
        return int(self.blue[0][0].plan["variants"][0]["count"])

    def _keep_old(self, count: int) -> None:
        old, _ = self.blue[0]
        if old.counts()[self.old_variant] <= count:
            return
        old.shrink({self.old_variant: count})
        self.share()
