"""BlueGreenUpdatePolicy: a new fleet beside the old one, traffic moved in steps, alarms looked at all the while."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker.endpoint import sizes
from localcloud.sagemaker.endpoint.fleet import Fleet
from localcloud.sagemaker.endpoint.plan import counts
from localcloud.sagemaker.endpoint.rollout import Rollout

ALL_AT_ONCE: dict[str, Any] = {
    "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
}


class BlueGreen(Rollout):
    """One update; `policy` is a BlueGreenUpdatePolicy."""

    def run(self) -> Fleet:
        """Until the new fleet has all the traffic and has baked; the old one is left running without any.

        Raises DeploymentFailedError.
        """
        self.alarms.look()
        self.tell("Creating", f"Launching {self.total} instance(s) for the new fleet.", 0.0)
        self.open(self.green)
        routing = self.policy["TrafficRoutingConfiguration"]
        shares = sizes.steps(routing, self.counts)
        for number, share in enumerate(shares, 1):
            last = number == len(shares)
            self.shift(routing, share, number, len(shares))
            if last:
                self.bake(self.policy.get("TerminationWaitInSeconds", 0), "TerminationWaitInSeconds", share)
            else:
                self.bake(routing["WaitIntervalInSeconds"], "WaitIntervalInSeconds", share)
        return self.green

    def shift(self, routing: dict[str, Any], share: float, number: int, steps: int) -> None:
        """One step of the traffic."""
        self.alarms.look()
        self.pace.check()
        what = self.capacity(share)
        step = f" (step {number} of {steps})" if routing["Type"] == "LINEAR" else ""
        self.tell("ActivatingTraffic", f"Turning on traffic on {what}{step}.", share)
        self.live.serve(*((fleet, old * (1 - share)) for fleet, old in self.blue if share < 1), (self.green, share))

    def bake(self, seconds: float, setting: str, share: float) -> None:
        """Wait while the alarms are looked at."""
        if seconds:
            what = self.capacity(share)
            self.tell("Baking", f"Baking for {seconds:g} seconds ({setting}) with traffic enabled on {what}.", share)
        self.watch(seconds)

    def capacity(self, share: float) -> str:
        """The part of the new fleet that has traffic, in words."""
        if share >= 1:
            return f"full capacity of {self.total} instance(s)" if self.total else "full capacity"
        kind = "canary" if self.policy["TrafficRoutingConfiguration"]["Type"] == "CANARY" else "partial"
        if not self.total:
            return f"{kind} capacity of {share:.0%}"
        return f"{kind} capacity of {sum(self.active(share).values())} instance(s)"

    def back(self) -> None:
        """Give the old fleet all traffic again and end the new one."""
        self.live.serve(*self.blue)
        self.live.retire(self.green)

    def active(self, share: float) -> dict[str, int]:
        """How many instances of the new fleet's variants stand for a share of the traffic."""
        return {
            name: sizes.instances({"Type": "CAPACITY_PERCENT", "Value": 100 * share}, count) if share else 0
            for name, count in counts(self.green.plan).items()
            if count
        }
