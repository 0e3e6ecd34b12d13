"""Changes of an endpoint: create, update, new weights and counts, deletion, and taking them up after a restart."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint import state, summaries
from localcloud.sagemaker.endpoint.blue_green import ALL_AT_ONCE, BlueGreen
from localcloud.sagemaker.endpoint.fleet import Fleet
from localcloud.sagemaker.endpoint.live import LiveEndpoint
from localcloud.sagemaker.endpoint.rolling import Rolling
from localcloud.sagemaker.endpoint.rollout import Rollout, failing, open_fleet
from localcloud.sagemaker.errors import DeploymentFailedError
from localcloud.sagemaker.router import RouteTable
from localcloud.sagemaker.store import Record

_PENDING = ("_pending", "_deployment", "_rescale", "PendingDeploymentSummary")


class Deployment:
    """One endpoint's changes; each method runs in a thread of `LiveEndpoints`."""

    def __init__(self, context: Context, name: str) -> None:
        self.context = context
        self.name = name

    def create(self, live: LiveEndpoint) -> None:
        """From Creating to InService, or to Failed with the reason."""
        fleet = Fleet(self.context, self.name, self._record().document["_plan"], live.publish)
        try:
            open_fleet(live, fleet)
        except DeploymentFailedError as error:
            self._fail(str(error))
            return
        live.serve((fleet, 1.0))
        self._in_service(fleet, "FailureReason")

    def update(self, live: LiveEndpoint) -> None:
        """Move from the fleet that serves to the pending one as DeploymentConfig says.

        A failure rolls back: RollingBack, then InService with the old configuration and the FailureReason; or
        UpdateRollbackFailed if the old fleet cannot be brought back.
        """
        rollout = self._rollout(live)
        try:
            with failing(self.name):
                fleet = rollout.run()
        except DeploymentFailedError as error:
            self._roll_back(live, rollout, str(error))
            return
        config = fleet.plan["EndpointConfigName"]
        self._in_service(fleet, "FailureReason", *_PENDING, EndpointConfigName=config)
        rollout.finish()

    def rescale(self, live: LiveEndpoint) -> None:
        """UpdateEndpointWeightsAndCapacities; if instances cannot start, all stays as it was."""
        wanted = self._record().document["_rescale"]
        fleet = live.fleet
        if fleet is None:
            return  # it could not be taken up after a restart, and is Failed by now
        try:
            with failing(self.name):
                self._rescale(fleet, wanted)
        except DeploymentFailedError as error:
            self._back_in_service(fleet, str(error))
            return
        self._in_service(fleet, "FailureReason", *_PENDING)

    @staticmethod
    def _rescale(fleet: Fleet, wanted: dict[str, Any]) -> None:
        counts, before = wanted["counts"], fleet.counts()
        serverless = wanted.get("serverless", {})
        fleet.grow(counts | {name: each.get("ProvisionedConcurrency", 0) for name, each in serverless.items()})
        for name, count in counts.items():
            fleet.set_plan(name, count=count)
        for name, each in serverless.items():
            fleet.set_plan(name, serverless=each)
        fleet.weigh(wanted["weights"])
        fleet.shrink({name: count for name, count in counts.items() if count < before[name]})

    def delete(self, live: LiveEndpoint) -> None:
        """Stop the fleets and forget the endpoint."""
        live.serve()
        for fleet in list(live.known):  # also one without a share, which an update could not end
            live.retire(fleet)
        # The name is taken until the record goes: whoever creates it anew gets an entry of its own.
        self.context.endpoints.drop(self.name)
        self.context.store.delete(state.KIND, self.name)

    def restore(self, live: LiveEndpoint) -> None:
        """After a restart: serve again what was served, then take up the change that was under way."""
        document = self._record().document
        fleet = Fleet(self.context, self.name, document["_plan"], live.publish)
        try:
            open_fleet(live, fleet)
        except DeploymentFailedError as error:
            self.context.router.remove(self.name)
            self._fail(str(error))
            return
        live.serve((fleet, 1.0))
        status = document["EndpointStatus"]
        if status == "Updating" and "_pending" in document:
            self.update(live)
        elif status == "Updating" and "_rescale" in document:
            self.rescale(live)
        elif status in ("Updating", "RollingBack"):
            self._in_service(fleet, *_PENDING)

    def _rollout(self, live: LiveEndpoint) -> Rollout:
        document = self._record().document
        plan, config = document["_pending"], document.get("_deployment") or {}
        # Two fleets serve after a roll-back that failed: they are replaced together.
        if "RollingUpdatePolicy" in config and len(live.fleets) == 1:
            return Rolling(self.context, live, plan, config, config["RollingUpdatePolicy"])
        return BlueGreen(self.context, live, plan, config, config.get("BlueGreenUpdatePolicy", ALL_AT_ONCE))

    def _roll_back(self, live: LiveEndpoint, rollout: Rollout, reason: str) -> None:
        if self.context.endpoints.closing:
            return
        state.enter(self.context, self.name, "RollingBack", FailureReason=reason)
        try:
            with failing(self.name):
                rollout.back()
        except DeploymentFailedError as error:
            if not self.context.endpoints.closing:
                both = f"The rollback failed: {error} The update had failed: {reason}"
                state.enter(self.context, self.name, "UpdateRollbackFailed", *_PENDING, FailureReason=both)
            return
        fleet = live.fleet
        assert fleet is not None
        self._in_service(fleet, *_PENDING)

    def _back_in_service(self, fleet: Fleet, reason: str) -> None:
        if not self.context.endpoints.closing:
            state.enter(self.context, self.name, "RollingBack", FailureReason=reason)
            self._in_service(fleet, *_PENDING)

    def _in_service(self, fleet: Fleet, *drop: str, **members: Any) -> None:
        told = summaries.running(fleet.plan, fleet.counts(), self.context.clock())
        shadow = () if "ShadowProductionVariants" in told else ("ShadowProductionVariants",)
        state.enter(self.context, self.name, "InService", *drop, *shadow, _plan=fleet.plan, **told, **members)

    def _fail(self, reason: str) -> None:
        if not self.context.endpoints.closing:
            state.enter(self.context, self.name, "Failed", FailureReason=reason)

    def _record(self) -> Record:
        return self.context.store.get(state.KIND, self.name)


def recover(context: Context) -> None:
    """Take up every endpoint where it was when the local cloud ended."""
    for record in context.store.select(state.KIND, "AND status <> 'Failed'"):
        deployment = Deployment(context, record.name)
        work = {"Creating": deployment.create, "Deleting": deployment.delete}.get(record.status, deployment.restore)
        if record.status not in ("Creating", "Deleting"):
            # Calls wait for the processes instead of hearing that there is no such endpoint.
            context.router.put(RouteTable(record.name, ()))
        context.endpoints.start(record.name, work)
