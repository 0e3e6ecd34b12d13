"""Changes of an endpoint: create, blue/green update, scaling, deletion, and taking them up after a restart."""

from __future__ import annotations

import logging
from typing import Any

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint import state
from localcloud.sagemaker.endpoint.fleet import Fleet
from localcloud.sagemaker.endpoint.live import LiveEndpoint
from localcloud.sagemaker.endpoint.plan import Plan
from localcloud.sagemaker.errors import DeploymentFailedError
from localcloud.sagemaker.store import Record

_log = logging.getLogger(__name__)
_GRACE_SECONDS = 10.0
_INTERNAL = "Request to service failed. If failure persists after retry, contact customer support."


class Deployment:
    """One endpoint's changes; each method runs in a thread of `LiveEndpoints`."""

    def __init__(self, context: Context, name: str) -> None:
        self.context = context
        self.name = name

    def create(self, live: LiveEndpoint) -> None:
        """From Creating to InService, or to Failed with the reason."""
        try:
            fleet = self._open(live, self._record().document["_plan"])
        except DeploymentFailedError as error:
            self._fail(str(error))
            return
        live.swap(fleet)
        self._in_service(fleet, "FailureReason")

    def update(self, live: LiveEndpoint) -> None:
        """Bring up the new fleet beside the old one, move the traffic, stop the old one.

        If the new fleet cannot serve, the old one goes on: RollingBack, then InService with the FailureReason.
        """
        plan = self._record().document["_pending"]
        try:
            fleet = self._open(live, plan)
        except DeploymentFailedError as error:
            self._roll_back(live, str(error))
            return
        old = live.swap(fleet)
        self._in_service(
            fleet,
            "FailureReason",
            "_pending",
            "PendingDeploymentSummary",
            EndpointConfigName=plan["EndpointConfigName"],
        )
        if old is not None:
            old.drain()
            old.stop(_GRACE_SECONDS)

    def rescale(self, live: LiveEndpoint, weights: dict[str, float], counts: dict[str, int]) -> None:
        """UpdateEndpointWeightsAndCapacities; if instances cannot start, all stays as it was."""
        fleet = live.fleet
        assert fleet is not None
        try:
            fleet.scale(counts)
        except DeploymentFailedError as error:
            self._roll_back(live, str(error))
            return
        fleet.weigh(weights)
        self._in_service(fleet, "FailureReason")

    def delete(self, live: LiveEndpoint) -> None:
        """Stop the fleet and forget the endpoint."""
        fleet = live.swap(None)
        if fleet is not None:
            fleet.drain()
            fleet.stop(_GRACE_SECONDS)
        self.context.store.delete(state.KIND, self.name)
        self.context.endpoints.drop(self.name)

    def restore(self, live: LiveEndpoint) -> None:
        """After a restart: serve again what was served; an endpoint that cannot becomes Failed."""
        document = self._record().document
        try:
            fleet = self._open(live, document["_plan"])
        except DeploymentFailedError as error:
            self._fail(str(error))
            return
        live.swap(fleet)
        if document.get("_pending"):
            self.update(live)
        elif document["EndpointStatus"] != "InService":
            self._in_service(fleet)

    def _open(self, live: LiveEndpoint, plan: Plan) -> Fleet:
        """A fleet that serves; raises DeploymentFailedError."""
        fleet = live.upcoming = Fleet(self.context, self.name, plan)
        try:
            fleet.open()
        except DeploymentFailedError:
            raise
        except Exception as error:
            _log.exception("endpoint %s", self.name)
            raise DeploymentFailedError(_INTERNAL) from error
        finally:
            live.upcoming = None
        return fleet

    def _in_service(self, fleet: Fleet, *drop: str, **members: Any) -> None:
        state.enter(
            self.context,
            self.name,
            "InService",
            *drop,
            _plan=fleet.plan,
            ProductionVariants=state.running(self.context, fleet),
            **members,
        )

    def _roll_back(self, live: LiveEndpoint, reason: str) -> None:
        if self.context.endpoints.closing:
            return
        assert live.fleet is not None
        state.enter(self.context, self.name, "RollingBack", FailureReason=reason)
        self._in_service(live.fleet, "_pending", "PendingDeploymentSummary")

    def _fail(self, reason: str) -> None:
        if not self.context.endpoints.closing:
            state.enter(self.context, self.name, "Failed", FailureReason=reason[:1024])

    def _record(self) -> Record:
        return self.context.store.get(state.KIND, self.name)


def recover(context: Context) -> None:
    """Take up every endpoint where it was when the local cloud ended."""
    for record in context.store.select(state.KIND, "AND status <> 'Failed'"):
        deployment = Deployment(context, record.name)
        work = {"Creating": deployment.create, "Deleting": deployment.delete}.get(record.status, deployment.restore)
        context.endpoints.start(record.name, work)
