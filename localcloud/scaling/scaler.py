"""The loop that acts: schedules, bounds, and policies whose alarms ring; one change of a target at a time."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.sagemaker.store import Record
from localcloud.scaling import activities, cron, model, targets, tracking
from localcloud.scaling.model import Key
from localcloud.scaling.policies import STEP, TRACKING
from localcloud.scaling.ports import BusyError, Capacity, NoSuchVariantError, RefusedError, Ringing

if TYPE_CHECKING:
    from localcloud.scaling.service import Scaling

Json = dict[str, Any]
_log = logging.getLogger("dropforge.scaling")
_FASTEST, _SLOWEST = 0.25, 10.0  # seconds between looks
_BACK_OFF = 60.0  # seconds after a change that failed
_ZEROS = {  # of metrics that fall silent without traffic, and of which SageMaker tells zeros for scaled variants
    "SageMakerVariantInvocationsPerInstance",
    "SageMakerVariantConcurrentRequestsPerModelHighResolution",
}


@dataclass(frozen=True)
class Wish:
    """What one policy wants."""

    wanted: int
    policy: Record
    cause: str


class Scaler:
    """Looks at every scalable target several times a (scaled) minute."""

    def __init__(self, scaling: Scaling) -> None:
        self._scaling = scaling
        self._stop = threading.Event()
        self._pause = min(max(60 / scaling.time_scale / 4, _FASTEST), _SLOWEST)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look from now on, in a thread."""
        self._thread = threading.Thread(target=self._run, name="dropforge-scaling", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._thread:
            self._thread.join(30)

    def _run(self) -> None:
        while not self._stop.wait(self._pause):
            self.tick()

    def tick(self) -> None:
        """Look at every target once."""
        for record in self._scaling.store.select(model.TARGET, "ORDER BY sequence"):
            try:
                Look(self._scaling, record).run()
            except Exception:
                _log.exception("%s", record.name)


class Look:
    """One look at one target."""

    def __init__(self, scaling: Scaling, record: Record) -> None:
        self._scaling = scaling
        self._target = record.document
        self._key = Key.of(record.document)
        self._now = scaling.clock()

    def run(self) -> None:
        """Finish what is under way; else begin what is due."""
        endpoint, variant = self._key.variant()
        self._schedule()
        try:
            capacity = self._scaling.variants.capacity(endpoint, variant, self._key.dimension)
        except NoSuchVariantError as error:
            # Developer guide, "endpoint-delete-with-scaling": deregistered without notice.
            _log.info("%s: deregistered, because %s", self._key.resource, error)
            targets.forget(self._scaling, self._key)
            return
        activity = activities.running(self._scaling, self._key)
        if not capacity.settled:
            return
        if activity is not None:
            self._finish(activity, capacity)
        elif self._now >= self._target.get("_retry", 0) and not self._bounds(capacity):
            self._follow(capacity, endpoint, variant)

    def _schedule(self) -> None:
        """Take over the bounds of scheduled actions that are due."""
        until = self._scaling.schedule_clock()
        for action in model.belonging(self._scaling.store, model.ACTION, self._key):
            document = action.document
            since, begin = document["_looked"], document.get("StartTime", document["_start"])
            # The scaled clock begins anew with each start of the cloud.
            due = cron.last_due(document["Schedule"], document.get("Timezone"), begin, min(since, until), until)
            self._scaling.store.update(model.ACTION, action.name, lambda record: _looked(record, until))
            in_time = due is not None and begin <= due <= document.get("EndTime", float("inf"))
            if in_time and not self._target["SuspendedState"]["ScheduledScalingSuspended"]:
                self._take_bounds(document)

    def _take_bounds(self, action: Json) -> None:
        bounds = action["ScalableTargetAction"]
        low = bounds.get("MinCapacity", min(self._target["MinCapacity"], bounds.get("MaxCapacity", 1 << 31)))
        high = bounds.get("MaxCapacity", max(self._target["MaxCapacity"], low))
        said = [f"{word} capacity was set to {bounds[name]}" for word, name in
                (("minimum", "MinCapacity"), ("maximum", "MaxCapacity")) if name in bounds]  # fmt: skip
        cause = f"scheduled action name {action['ScheduledActionName']} was triggered: {' and '.join(said)}"
        self._update(MinCapacity=low, MaxCapacity=high, _pending=cause)
        _log.info("%s: %s", self._key.resource, cause)

    def _bounds(self, capacity: Capacity) -> bool:
        """Bring the capacity within bounds that were set of late; whether that has begun."""
        cause = self._target.get("_pending")
        if not cause:
            return False
        wanted = min(max(capacity.current, self._target["MinCapacity"]), self._target["MaxCapacity"])
        if wanted == capacity.current:
            self._update(_pending=None)
            return False
        return self._set(capacity, wanted, cause)

    def _follow(self, capacity: Capacity, endpoint: str, variant: str) -> None:
        found = model.belonging(self._scaling.store, model.POLICY, self._key)
        for policy in found:
            kind = _predefined(policy)
            if kind in _ZEROS:
                self._scaling.monitor.tell_zero(tracking.PREDEFINED[kind][0], endpoint, variant)
        outs, ins = self._wishes(found, capacity.current)
        suspended = self._target["SuspendedState"]
        best = max(outs, key=lambda wish: wish.wanted, default=None)
        if best is not None:
            if not suspended["DynamicScalingOutSuspended"]:
                self._out(capacity, best)
            return
        # A target that several policies track shrinks to what the neediest leaves, and only if none objects.
        voters = [p for p in found if p.document["PolicyType"] == TRACKING and not _config(p).get("DisableScaleIn")]
        tracked = [wish for wish in ins if wish.policy.document["PolicyType"] == TRACKING]
        agreed = [wish for wish in ins if wish not in tracked] + (tracked if len(tracked) == len(voters) else [])
        best = max(agreed, key=lambda wish: wish.wanted, default=None)
        if best is not None and not suspended["DynamicScalingInSuspended"]:
            self._in(capacity, best)

    def _wishes(self, found: list[Record], current: int) -> tuple[list[Wish], list[Wish]]:
        outs, ins = [], []
        for policy in found:
            for alarm in self._scaling.monitor.ringing(policy.arn):
                wanted = _wanted(policy, alarm, current)
                name = policy.document["PolicyName"]
                wish = Wish(wanted, policy, f"monitor alarm {alarm.name} in state ALARM triggered policy {name}")
                if wanted > current:
                    outs.append(wish)
                elif wanted < current:
                    ins.append(wish)
        return outs, ins

    def _out(self, capacity: Capacity, wish: Wish) -> None:
        last = self._target.get("_out") or {}
        wanted = min(wish.wanted, self._target["MaxCapacity"])
        if wanted <= capacity.current:
            self._not_scaled(wish, "AlreadyAtMaxCapacity", MaxCapacity=self._target["MaxCapacity"])
            return
        cooling = self._now < last.get("until", 0)
        if not cooling or wanted - capacity.current > last["added"]:
            self._set(capacity, wanted, wish.cause, wish)

    def _in(self, capacity: Capacity, wish: Wish) -> None:
        wanted = max(wish.wanted, self._target["MinCapacity"])
        if wanted >= capacity.current:
            if capacity.current <= self._target["MinCapacity"]:
                self._not_scaled(wish, "AlreadyAtMinCapacity", MinCapacity=self._target["MinCapacity"])
        elif self._now >= self._target.get("_in_until", 0):
            self._set(capacity, wanted, wish.cause, wish)

    def _not_scaled(self, wish: Wish, code: str, **bounds: int) -> None:
        told = f"{code} {wish.cause}"
        if self._target.get("_not_scaled") != told:
            self._update(_not_scaled=told)
            activities.not_scaled(self._scaling, self._key, wish.cause, {"Code": code, **bounds})

    def _set(self, capacity: Capacity, wanted: int, cause: str, wish: Wish | None = None) -> bool:
        """Begin to change the capacity; whether it has begun."""
        cooldowns = _cooldowns(wish.policy) if wish else {}
        endpoint, variant = self._key.variant()
        activity = activities.begin(self._scaling, self._key, capacity.current, wanted, cause, cooldowns=cooldowns)
        try:
            self._scaling.variants.set_capacity(endpoint, variant, self._key.dimension, wanted)
        except (BusyError, NoSuchVariantError):
            self._scaling.store.delete(model.ACTIVITY, activity.name)
            return False
        except RefusedError as error:
            activities.end(self._scaling, self._key, activity, str(error))
            self._update(_retry=self._now + _BACK_OFF / self._scaling.time_scale)
            return False
        return True

    def _finish(self, activity: Record, capacity: Capacity) -> None:
        document, scale = activity.document, self._scaling.time_scale
        if capacity.current != document["_new"]:
            reason = f"{self._key.namespace} did not fulfil it; it is {capacity.current}."
            activities.end(self._scaling, self._key, activity, reason)
            self._update(_retry=self._now + _BACK_OFF / scale)
            return
        activities.end(self._scaling, self._key, activity, None)
        cooldowns, added = document["_cooldowns"], document["_new"] - document["_old"]
        if added > 0:
            until = self._now + cooldowns.get("out", 0) / scale
            self._update(_out={"until": until, "added": added}, _in_until=0, _not_scaled=None)
        else:
            self._update(_in_until=self._now + cooldowns.get("in", 0) / scale, _not_scaled=None)

    def _update(self, **members: Any) -> None:
        self._target.update(members)
        self._scaling.store.update(model.TARGET, self._key.text, lambda record: record.document.update(members))


def _looked(record: Record, until: float) -> None:
    record.document["_looked"] = until


def _config(policy: Record) -> Json:
    kind = "TargetTrackingScaling" if policy.document["PolicyType"] == TRACKING else STEP
    config: Json = policy.document[f"{kind}PolicyConfiguration"]
    return config


def _predefined(policy: Record) -> str:
    return str(_config(policy).get("PredefinedMetricSpecification", {}).get("PredefinedMetricType", ""))


def _wanted(policy: Record, alarm: Ringing, current: int) -> int:
    config = _config(policy)
    if not alarm.values:
        return current
    if policy.document["PolicyType"] == STEP:
        return tracking.stepped(config, alarm.values[0] - alarm.threshold, current)
    return tracking.tracked(config, alarm.values, current, out="-AlarmHigh-" in alarm.name)


def _cooldowns(policy: Record) -> dict[str, float]:
    config = _config(policy)
    if policy.document["PolicyType"] == STEP:
        return dict.fromkeys(("out", "in"), float(config.get("Cooldown", tracking.DEFAULT_COOLDOWN)))
    names = {"out": "ScaleOutCooldown", "in": "ScaleInCooldown"}
    return {way: float(config.get(name, tracking.DEFAULT_COOLDOWN)) for way, name in names.items()}
