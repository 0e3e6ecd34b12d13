"""All instances of all variants of an endpoint at one time; an update makes a second fleet."""

from __future__ import annotations

import random
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint import instance
from localcloud.sagemaker.endpoint.instance import Blueprint, Instance
from localcloud.sagemaker.endpoint.plan import Plan
from localcloud.sagemaker.errors import AssumeRoleError, DeploymentFailedError

_DRAIN_SECONDS = 60.0


class NoVariantError(Exception):
    """The endpoint has no variant of that name."""


class NotReadyError(Exception):
    """No instance of the variant became ready in time."""


class _Variant:
    """One variant's instances, and what it takes to make more of them."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.plan = blueprint.variant
        self.instances: list[Instance] = []


class Fleet:
    """`plan` is kept up to date with weights and counts. Thread-safe once it is open."""

    def __init__(self, context: Context, endpoint: str, plan: Plan) -> None:
        self.plan = plan
        self._context = context
        self._endpoint = endpoint
        self._directory = context.home / "endpoints" / endpoint / uuid.uuid4().hex[:12]
        self._variants: dict[str, _Variant] = {}
        self._changed = threading.Condition()
        self._starting: list[Instance] = []
        self._calls = 0
        self._closed = False

    def open(self) -> None:
        """Download models, start every instance and wait until all are ready.

        Raises DeploymentFailedError with the endpoint's FailureReason; nothing is left running then.
        """
        try:
            for variant in self.plan["variants"]:
                self._add_variant(variant)
            self._grow({variant["VariantName"]: variant["count"] for variant in self.plan["variants"]})
        except BaseException:
            self.stop(1.0)
            raise

    def scale(self, counts: dict[str, int]) -> None:
        """Start or stop instances until each variant has its count; raises DeploymentFailedError."""
        self._grow(counts)
        for name, count in counts.items():
            variant = self._variants[name]
            with self._changed:
                surplus = variant.instances[count:]
                del variant.instances[count:]
                variant.plan["count"] = count
            for each in surplus:
                each.stop(10.0)

    def weigh(self, weights: dict[str, float]) -> None:
        """Set the variants' weights."""
        with self._changed:
            for name, weight in weights.items():
                self._variants[name].plan["weight"] = weight

    def count(self, name: str) -> int:
        """How many instances the variant has."""
        with self._changed:
            return len(self._variants[name].instances)

    @contextmanager
    def call(self, target: str | None, seconds: float) -> Iterator[tuple[str, Instance]]:
        """A variant by weight (or the target) and a ready instance, held for one invocation.

        Raises NoVariantError, or NotReadyError after `seconds`.
        """
        with self._changed:
            name = self._choose(target)
            if not self._changed.wait_for(lambda: self._ready(name), seconds):
                raise NotReadyError(name)
            chosen = random.choice(self._ready(name))  # noqa: S311
            self._calls += 1
        try:
            yield name, chosen
        finally:
            with self._changed:
                self._calls -= 1
                self._changed.notify_all()

    def drain(self) -> None:
        """Wait until the invocations that are under way have ended, at most 60 seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._calls == 0, _DRAIN_SECONDS)

    def close(self) -> None:
        """End at once, even while it opens."""
        self._closed = True
        self.stop(2.0)

    def stop(self, grace: float) -> None:
        """End every process, all at once, and remove the files."""
        with self._changed:
            instances = [each for variant in self._variants.values() for each in variant.instances]
            instances += self._starting
        threads = [threading.Thread(target=each.stop, args=(grace,)) for each in instances]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _add_variant(self, plan: dict[str, Any]) -> None:
        name = plan["VariantName"]
        try:
            role = self._context.aws.role(plan["role"])
        except AssumeRoleError as error:
            raise DeploymentFailedError(
                f"Unable to assume role '{plan['role']}' for production variant {name}. Please ensure that the role "
                "exists and that its trust relationship policy allows the action 'sts:AssumeRole' for the service "
                "principal 'sagemaker.amazonaws.com'."
            ) from error
        archives = instance.download(role, plan["containers"], self._directory / name)
        self._variants[name] = _Variant(Blueprint(self._endpoint, plan, role, archives))

    def _grow(self, counts: dict[str, int]) -> None:
        """Start what is missing, together; what fails is taken away again."""
        added: list[tuple[_Variant, Instance]] = []
        try:
            for name, count in counts.items():
                variant = self._variants[name]
                for _ in range(count - len(variant.instances)):
                    added.append((variant, self._start(variant)))
            for _, each in added:
                each.wait_ready()
        except BaseException:
            for _, each in added:
                each.stop(1.0)
            raise
        finally:
            with self._changed:
                self._starting.clear()
        with self._changed:
            for variant, each in added:
                variant.instances.append(each)
            self._changed.notify_all()

    def _start(self, variant: _Variant) -> Instance:
        each = self._make(variant)
        with self._changed:
            self._starting.append(each)
        if self._closed:
            raise DeploymentFailedError("The local cloud was stopped.")
        each.start()
        return each

    def _make(self, variant: _Variant) -> Instance:
        directory = self._directory / variant.plan["VariantName"] / f"0{uuid.uuid4().hex[:16]}"
        return instance.make(self._context, variant.blueprint, directory, self._notify)

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _choose(self, target: str | None) -> str:
        if target is not None:
            if target not in self._variants:
                raise NoVariantError(target)
            return target
        names = list(self._variants)
        weights = [self._variants[name].plan["weight"] for name in names]
        if not any(weights):
            raise NoVariantError("every variant has weight 0")
        return random.choices(names, weights)[0]  # noqa: S311

    def _ready(self, name: str) -> list[Instance]:
        return [each for each in self._variants[name].instances if each.ready]
