"""All instances of all variants of an endpoint at one time; an update makes a second fleet."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint import instance, routes
from localcloud.sagemaker.endpoint.instance import Blueprint, Instance
from localcloud.sagemaker.endpoint.pace import limit
from localcloud.sagemaker.endpoint.plan import Plan, counts, everything
from localcloud.sagemaker.errors import AssumeRoleError, DeploymentFailedError
from localcloud.sagemaker.router import RouteFleet

_log = logging.getLogger(__name__)
# As long as a call may take. An asynchronous one may take longer: it goes back into its queue.
_DRAIN_SECONDS = 60.0
_GRACE_SECONDS = 10.0
# However high MaxConcurrency is: more processes than this would only wait for each other on one machine.
_MOST_ON_DEMAND = max(2, os.cpu_count() or 1)


class Variant:
    """One variant's instances, and what it takes to make more of them."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.blueprint: Blueprint | None = None
        self.instances: list[Instance] = []
        self.starting = 0


class Fleet:
    """`plan` is kept up to date with weights and counts. Thread-safe. `changed` is called when calls go elsewhere."""

    def __init__(self, context: Context, endpoint: str, plan: Plan, changed: Callable[[], None]) -> None:
        self.plan = plan
        self.closed = False
        self._context = context
        self._endpoint = endpoint
        self._changed = changed
        self._directory = context.home / "endpoints" / endpoint / uuid.uuid4().hex[:12]
        self._variants = {each["VariantName"]: Variant(each) for each in everything(plan)}
        self._lock = threading.RLock()
        self._starting: list[Instance] = []

    def open(self) -> None:
        """Bring up every instance; raises DeploymentFailedError, and nothing is left of it then.

        A serverless variant starts one, which shows that its container answers, and stops it when it is idle.
        """
        self.prepare()
        least = {
            name: max(1, count)
            for name, count in counts(self.plan).items()
            if self._variants[name].plan.get("serverless")
        }
        try:
            self.grow(counts(self.plan) | least)
        except BaseException:
            self.stop(1.0)
            raise

    def prepare(self) -> None:
        """Assume the roles and download the models; raises DeploymentFailedError."""
        try:
            for variant in self._variants.values():
                self._prepare(variant)
        except BaseException:
            self.stop(1.0)
            raise

    def grow(self, wanted: dict[str, int]) -> None:
        """Start what is missing, all together, and wait until it is ready; what fails is taken away again.

        Raises DeploymentFailedError.
        """
        added: list[tuple[Variant, Instance]] = []
        try:
            for name, count in wanted.items():
                variant = self._variants[name]
                for _ in range(count - len(variant.instances)):
                    added.append((variant, self._start(variant)))
            for _, each in added:
                each.wait_ready()
        except BaseException as error:
            _stop([each for _, each in added], 1.0)
            self._started([each for _, each in added])
            if isinstance(error, OSError):  # no disk, no process
                raise DeploymentFailedError(f"An instance could not be started: {error}") from error
            raise
        with self._lock:  # in one step: `stop` must find each instance in one list or the other
            self._started([each for _, each in added])
            for variant, each in added:
                variant.instances.append(each)
        self._changed()

    def _started(self, instances: list[Instance]) -> None:
        with self._lock:
            self._starting = [each for each in self._starting if each not in instances]

    def shrink(self, wanted: dict[str, int]) -> None:
        """Stop what is too many: no new calls, then the end of those under way, then SIGTERM."""
        surplus: list[Instance] = []
        with self._lock:
            for name, count in wanted.items():
                surplus += self._variants[name].instances[count:]
                del self._variants[name].instances[count:]
        self._changed()
        self._end(surplus)

    def weigh(self, weights: dict[str, float]) -> None:
        """Set the variants' weights; the next call follows them."""
        with self._lock:
            for name, weight in weights.items():
                self._variants[name].plan["weight"] = weight
        self._changed()

    def set_plan(self, name: str, **members: Any) -> None:
        """Set members of a variant's plan: its count, its ServerlessConfig."""
        with self._lock:
            self._variants[name].plan.update(members)
        self._changed()

    def counts(self) -> dict[str, int]:
        """How many instances each variant has."""
        with self._lock:
            return {name: len(variant.instances) for name, variant in self._variants.items()}

    def instances(self) -> list[tuple[str, Instance]]:
        """Every instance with its variant."""
        with self._lock:
            return [(name, each) for name, variant in self._variants.items() for each in variant.instances]

    def wanted(self, name: str) -> None:
        """A call waits for an instance of a serverless variant: start one more, if it may have more."""
        variant = self._variants[name]
        serverless = variant.plan.get("serverless")
        with self._lock:
            if (
                not serverless
                or self.closed
                or len(variant.instances) + variant.starting >= min(serverless["MaxConcurrency"], _MOST_ON_DEMAND)
            ):
                return
            variant.starting += 1
        threading.Thread(target=self._add_one, args=(variant,), name=f"sagemaker-cold-{name}", daemon=True).start()

    def route(self, share: float) -> RouteFleet:
        """What the router must know: only instances that are ready."""
        with self._lock:
            ready = {
                name: tuple(each.route for each in variant.instances if each.ready)
                for name, variant in self._variants.items()
            }
            return routes.fleet(self.plan, share, ready)

    def retire(self) -> None:
        """End it after its last calls; nothing routes to it any more."""
        self._end([each for _, each in self.instances()])
        self.stop(1.0)

    def stop(self, grace: float) -> None:
        """End every process, all at once and even while it opens, and remove the files."""
        self.closed = True
        with self._lock:
            instances = [each for variant in self._variants.values() for each in variant.instances]
            instances += self._starting
        _stop(instances, grace)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _end(self, instances: list[Instance]) -> None:
        if instances:
            self._context.router.drain([each.id for each in instances], _DRAIN_SECONDS)
            _stop(instances, _GRACE_SECONDS)

    def _prepare(self, variant: Variant) -> None:
        plan = variant.plan
        try:
            role = self._context.aws.role(plan["role"])
        except AssumeRoleError as error:
            raise DeploymentFailedError(
                f"Unable to assume role '{plan['role']}' for production variant {plan['VariantName']}. Please ensure "
                "that the role exists and that its trust relationship policy allows the action 'sts:AssumeRole' for "
                "the service principal 'sagemaker.amazonaws.com'."
            ) from error
        seconds = limit(plan.get("download_seconds", 1200), self._context.time_scale)
        archives = instance.download(role, plan["containers"], self._directory / plan["VariantName"], seconds)
        variant.blueprint = Blueprint(self._endpoint, plan, role, archives)

    def _start(self, variant: Variant) -> Instance:
        assert variant.blueprint is not None
        directory = self._directory / variant.plan["VariantName"] / f"0{uuid.uuid4().hex[:16]}"
        made: list[Instance] = []
        try:
            made.append(instance.make(self._context, variant.blueprint, directory, self._changed))
            with self._lock:
                self._starting += made
            if self.closed:
                raise DeploymentFailedError("The endpoint was stopped while it started.")
            made[0].start()
        except BaseException:
            _stop(made, 1.0)
            self._started(made)
            shutil.rmtree(directory, ignore_errors=True)
            raise
        return made[0]

    def _add_one(self, variant: Variant) -> None:
        """A cold start."""
        each: Instance | None = None
        try:
            each = self._start(variant)
            each.wait_ready()
            with self._lock:
                variant.instances.append(each)
        except Exception as error:  # for want of disk or processes, too
            _log.warning("endpoint %s: %s", self._endpoint, error)
            if each is not None:
                each.stop(1.0)
        finally:
            with self._lock:
                variant.starting -= 1
                self._starting = [one for one in self._starting if one is not each]
        self._changed()


def _stop(instances: Iterable[Instance], grace: float) -> None:
    threads = [threading.Thread(target=each.stop, args=(grace,)) for each in instances]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
