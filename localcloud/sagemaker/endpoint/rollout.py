"""What both policies of an update share: two fleets, alarms, a pace, and telling of what goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint import state, summaries
from localcloud.sagemaker.endpoint.alarms import Alarms
from localcloud.sagemaker.endpoint.fleet import Fleet
from localcloud.sagemaker.endpoint.live import LiveEndpoint
from localcloud.sagemaker.endpoint.pace import Pace, StoppedError
from localcloud.sagemaker.endpoint.plan import Plan, counts, role
from localcloud.sagemaker.errors import DeploymentFailedError

_log = logging.getLogger(__name__)
# Seconds of the laptop: the least that a bake with alarms lasts, the most that a call takes, from what age on one is
# waited for, and until its figures have come and an alarm has looked at them.
_LEAST_BAKE, _LONGEST_CALL, _SOON, _TOLD = 5.0, 61.0, 1.0, 2.5
INTERNAL = "Request to service failed. If failure persists after retry, contact customer support."


@contextmanager
def failing(name: str) -> Iterator[None]:
    """Whatever goes wrong is a reason to end the change of the endpoint, which would stay under way for ever.

    Raises DeploymentFailedError, and StoppedError as it is.
    """
    try:
        yield
    except (DeploymentFailedError, StoppedError):
        raise
    except Exception as error:
        _log.exception("endpoint %s", name)
        raise DeploymentFailedError(f"{INTERNAL} ({type(error).__name__}: {error})") from error


def open_fleet(live: LiveEndpoint, fleet: Fleet, *, empty: bool = False) -> None:
    """Bring a fleet up (or only its models down); raises DeploymentFailedError."""
    with live.opening(fleet), failing(live.name):
        fleet.prepare() if empty else fleet.open()


class Rollout:
    """One update of one endpoint: `blue` are the fleets that serve with their shares, `green` is the new one."""

    def __init__(
        self, context: Context, live: LiveEndpoint, plan: Plan, config: dict[str, Any], policy: dict[str, Any]
    ) -> None:
        self.context = context
        self.live = live
        self.policy = policy
        self.blue = list(live.fleets)
        self.green = Fleet(context, live.name, plan, live.publish)
        self.counts = list(counts(plan).values())
        self.total = sum(self.counts)
        self.alarms = Alarms(context, role(plan), config)
        self._late: float | None = None
        limit = policy.get("MaximumExecutionTimeoutInSeconds")
        self.pace = Pace(context.time_scale, limit, context.endpoints.stopped)

    def run(self) -> Fleet:
        """Do it; answers the fleet that serves then. Raises DeploymentFailedError."""
        raise NotImplementedError

    def back(self) -> None:
        """Undo it; raises DeploymentFailedError if that cannot be."""
        raise NotImplementedError

    def finish(self) -> None:
        """End what does not serve any more."""
        for fleet, _ in self.blue:
            self.live.retire(fleet)

    def open(self, fleet: Fleet, *, empty: bool = False) -> None:
        """Bring the fleet up; raises DeploymentFailedError."""
        open_fleet(self.live, fleet, empty=empty)
        self.pace.check()

    def watch(self, seconds: float) -> None:
        """Let the seconds of a bake pass while the alarms are looked at.

        Calls take the time that they take: where alarms watch them, no bake is so short that none could be heard of,
        and those of the new fleet that began in it are waited for.
        """
        self._late = None
        if not (seconds and self.alarms.names):
            self.pace.wait(seconds, self.alarms.look)
            return
        self.pace.wait(seconds, self.alarms.look, least=_LEAST_BAKE, more=self._unheard)

    def _unheard(self, since: float) -> bool:
        """Whether a call that began before the bake ended, so many seconds ago, is still to show in the alarms."""
        if since > _LONGEST_CALL:
            return False
        oldest = self.context.router.oldest(self.live.name, self.green.plan["EndpointConfigName"])
        if oldest - since > _SOON:
            self._late = since
        return self._late is not None and since - self._late < _TOLD

    def active(self, share: float) -> dict[str, int]:
        """How many instances of the new fleet's variants have traffic."""
        raise NotImplementedError

    def tell(self, status: str, message: str, share: float) -> None:
        """Say in Describe and in an event what the new fleet is doing; `share`: of the traffic, it has by now."""
        now = self.context.clock()
        old = self.blue[0][0] if self.blue else None

        def change(document: dict[str, Any]) -> None:
            active = self.active(share)
            told = {"Status": status, "StatusMessage": message, "StartTime": now}
            summaries.progressed(document["PendingDeploymentSummary"], told, active, share)
            if old is not None:
                document.update(summaries.running(old.plan, old.counts(), now))

        state.progress(self.context, self.live.name, change)
