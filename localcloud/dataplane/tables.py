"""Where calls go: the tables as they came, with what is under way on each instance."""

from __future__ import annotations

import bisect
import random
import time
from typing import Any, Protocol

from localcloud.dataplane.backend import Pool

# An instance that refused a connection is asked again after this time, if no table says otherwise.
_DOWN_SECONDS = 0.25


class Instance:
    """One instance: a pool of connections for each container. `busy` counts the calls under way."""

    __slots__ = ("busy", "containers", "down_until", "id", "pools", "ports")

    def __init__(self, described: dict[str, Any]) -> None:
        self.id: str = described["id"]
        self.ports: list[int] = described["ports"]
        self.containers: list[str] = described["containers"]
        self.pools = [Pool(port) for port in self.ports]
        self.busy = 0
        self.down_until = 0.0

    def refuse(self) -> None:
        """It has no ear: no call comes here for a moment."""
        self.down_until = time.monotonic() + _DOWN_SECONDS

    def close(self) -> None:
        """Close the idle connections."""
        for pool in self.pools:
            pool.close()


class Variant:
    """A variant of a configuration, its traffic's figures, and its instances of now."""

    def __init__(self, endpoint: str, config: str, name: str) -> None:
        self.endpoint = endpoint
        self.config = config
        self.name = name
        self.instances: list[Instance] = []
        self.max_concurrency: int | None = None
        self.on_demand = False
        self.under_way = 0
        self.waiting = 0
        self.peak = 0
        self.last_end = time.monotonic()
        # Of each ended call since the last telling: microseconds in the model (None: not reached), besides, status.
        self.ended: list[tuple[int | None, int, int]] = []

    def take(self, described: dict[str, Any], instances: list[Instance]) -> None:
        """Follow a new table."""
        self.instances = instances
        self.max_concurrency = described["max_concurrency"]
        self.on_demand = described["on_demand"]

    def pick(self) -> Instance | None:
        """The instance with the fewest calls, or None if none answers."""
        instances = self.instances
        now = time.monotonic()
        if len(instances) == 1 and not self.on_demand:
            return instances[0] if instances[0].down_until <= now else None
        ready = [each for each in instances if each.down_until <= now]
        if self.on_demand:  # one call at a time on each
            ready = [each for each in ready if not each.busy]
        if not ready:
            return None
        least = min(each.busy for each in ready)
        return random.choice([each for each in ready if each.busy == least])  # noqa: S311

    @property
    def idle_seconds(self) -> float:
        """Seconds since the last call ended."""
        return 0.0 if self.under_way or self.waiting else time.monotonic() - self.last_end


class Fleet:
    """One configuration's shadow and capture."""

    def __init__(self, described: dict[str, Any], shadow: Variant | None) -> None:
        self.config: str = described["config"]
        self.capture: dict[str, Any] | None = described["capture"]
        self.shadow = shadow
        self.shadow_share: float = described["shadow_percent"] / 100


Choice = tuple[Fleet, Variant]
Key = tuple[str, str, int]


class Waiter(Protocol):
    """A call that finds no instance."""

    def wake(self) -> None:
        """Look again."""


class _Weighted:
    """A choice by weight."""

    def __init__(self, weighted: list[tuple[float, Choice]]) -> None:
        self.choices = [choice for weight, choice in weighted if weight > 0]
        self.bounds: list[float] = []
        total = 0.0
        for weight, _ in weighted:
            if weight > 0:
                total += weight
                self.bounds.append(total)
        self.total = total

    def pick(self) -> Choice | None:
        choices = self.choices
        if len(choices) < 2:  # noqa: PLR2004
            return choices[0] if choices else None
        return choices[min(bisect.bisect(self.bounds, random.random() * self.total), len(choices) - 1)]  # noqa: S311


class Endpoint:
    """One endpoint's table, made ready for choosing. `waiters` look again when the table changes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seconds = 60.0
        self.asynchronous = False
        self.fleets: list[Fleet] = []
        self.variants: dict[Key, Variant] = {}
        self.waiters: dict[Waiter, None] = {}
        self._instances: dict[str, Instance] = {}
        self._any = _Weighted([])
        self._by_target: dict[str, _Weighted] = {}

    def take(self, table: dict[str, Any]) -> list[Instance]:
        """Follow a new table; returns the instances that are gone."""
        before, self._instances = self._instances, {}
        self.seconds, self.asynchronous = table["invoke_seconds"], table["asynchronous"]
        kept: dict[Key, Variant] = {}
        weighted: list[tuple[float, Choice]] = []
        targets: dict[str, list[tuple[float, Choice]]] = {}
        self.fleets = []
        for described in table["fleets"]:
            shadow = described["shadow"] and self._variant(described["config"], described["shadow"], before, kept)
            fleet = Fleet(described, shadow)
            self.fleets.append(fleet)
            share, total = described["share"], sum(each["weight"] for each in described["variants"])
            for each in described["variants"]:
                choice = fleet, self._variant(fleet.config, each, before, kept)
                weighted.append((share * each["weight"] / total if total else 0.0, choice))
                targets.setdefault(each["name"], []).append((share, choice))
        self.variants = kept
        self._any = _Weighted(weighted)
        self._by_target = {name: _Weighted(choices) for name, choices in targets.items()}
        self.wake()
        # By identity: one that was started again has its id, but not its port.
        return [each for key, each in before.items() if self._instances.get(key) is not each]

    def choose(self, target: str | None) -> Choice | None:
        """A fleet and a variant by their shares and weights; None if nothing has a weight.

        Raises KeyError for a target that does not exist.
        """
        return self._any.pick() if target is None else self._by_target[target].pick()

    def wake(self) -> None:
        """Let those who wait look again."""
        waiters, self.waiters = self.waiters, {}
        for waiter in waiters:
            waiter.wake()

    def find(self, instance: str) -> Instance | None:
        """The instance of the present table."""
        return self._instances.get(instance)

    def _variant(
        self, config: str, described: dict[str, Any], before: dict[str, Instance], kept: dict[Key, Variant]
    ) -> Variant:
        # Blue and green may be of the same configuration.
        number = sum(1 for known in kept if known[:2] == (config, described["name"]))
        key = config, described["name"], number
        variant = self.variants.get(key) or Variant(self.name, config, described["name"])
        instances = []
        for each in described["instances"]:
            known = before.get(each["id"])
            # A process that was started again has another port.
            instance = known if known is not None and known.ports == each["ports"] else Instance(each)
            instance.down_until = 0.0
            self._instances[instance.id] = instance
            instances.append(instance)
        variant.take(described, instances)
        kept[key] = variant
        return variant


class Tables:
    """All endpoints, and what is on its way out."""

    def __init__(self) -> None:
        self.endpoints: dict[str, Endpoint] = {}
        self._leaving: list[Instance] = []
        self._retired: list[Variant] = []

    def put(self, table: dict[str, Any]) -> None:
        """Follow a new table of an endpoint."""
        endpoint = self.endpoints.setdefault(table["endpoint"], Endpoint(table["endpoint"]))
        before = set(endpoint.variants.values())
        self._leave(endpoint.take(table), before - set(endpoint.variants.values()))

    def remove(self, name: str) -> None:
        """Forget an endpoint; calls that wait for it find nothing."""
        endpoint = self.endpoints.pop(name, None)
        if endpoint is not None:
            variants = set(endpoint.variants.values())
            empty = {"fleets": (), "invoke_seconds": endpoint.seconds, "asynchronous": endpoint.asynchronous}
            self._leave(endpoint.take(empty), variants)

    def busy(self, instances: set[str]) -> bool:
        """Whether a call is under way on one of the instances, in a table or not."""
        self._leaving = [each for each in self._leaving if each.busy]
        known = (each.find(name) for each in self.endpoints.values() for name in instances)
        return any(each.busy for each in known if each) or any(each.id in instances for each in self._leaving)

    def hangs(self, name: str, port: int, seconds: float) -> bool:
        """Whether a server that has answered no /ping for so long does nothing for a call either.

        One of a single thread is busy with a call as long as that has time: it hangs if none is under way, or if one
        has had all of its time and no call had an answer meanwhile.
        """
        for instance in (*(each.find(name) for each in self.endpoints.values()), *self._leaving):
            if instance is None or instance.id != name or port not in instance.ports:
                continue
            pool = instance.pools[instance.ports.index(port)]
            pool.prune()
            if instance.busy and not pool.is_silent(seconds):
                return False
        return True

    def variants(self, endpoint: str | None = None) -> list[Variant]:
        """The variants with figures or calls: of one endpoint's table, or all of them."""
        if endpoint is not None:
            found = self.endpoints.get(endpoint)
            return list(found.variants.values()) if found else []
        self._retired = [each for each in self._retired if each.under_way or each.ended]
        return [*self._retired, *(v for each in self.endpoints.values() for v in each.variants.values())]

    def _leave(self, instances: list[Instance], variants: set[Variant]) -> None:
        for each in instances:
            each.close()
        self._leaving += [each for each in instances if each.busy]
        self._retired += variants
