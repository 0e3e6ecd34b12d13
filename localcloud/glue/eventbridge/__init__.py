"""EventBridge: targets that are retried, dead letters, roles and policies that count, schedules in scaled time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localcloud.glue import hooks
from localcloud.glue.outbox import Outbox, on_reset
from localcloud.glue.persistence.tracked import only_reading
from localcloud.settings import Settings

if TYPE_CHECKING:
    from localcloud.glue.eventbridge.schedule import Schedule

Json = dict[str, Any]
# Targets that are really delivered to; PutTargets refuses others instead of dropping their events.
DELIVERED = frozenset({"events", "lambda", "logs", "sns", "sqs", "states"})
_TARGET_MEMBERS = frozenset({
    "Id", "Arn", "RoleArn", "Input", "InputPath", "InputTransformer", "DeadLetterConfig", "RetryPolicy",
    "SqsParameters",
})  # fmt: skip


def install(settings: Settings, outbox: Outbox) -> Schedule:
    """Replace what happens after a rule has matched, and PutEvents' checks. Returns the clock of schedules."""
    from localcloud.glue.eventbridge import schedule as schedules
    from localcloud.glue.eventbridge.delivery import Deliveries
    from localcloud.glue.eventbridge.events import put_events

    deliveries = Deliveries(outbox, settings.time_scale)
    hooks.replace("services.eventbridge", "_invoke_target", deliveries.accept)
    hooks.wrap("services.eventbridge", "_dispatch_event", _looking)
    hooks.replace("services.eventbridge", "_put_events", put_events)
    supported = hooks.target("services.eventbridge", "_SUPPORTED_TARGET_SERVICES")
    hooks.replace("services.eventbridge", "_SUPPORTED_TARGET_SERVICES", supported & DELIVERED)
    hooks.wrap("services.eventbridge", "_validate_target_arn", _checked)
    hooks.wrap("core.iam_actions", "request_tag_context", _with_event_keys)
    schedule = schedules.Schedule(settings.time_scale)
    hooks.replace("services.eventbridge", "_scheduler_loop", schedule.run)
    hooks.replace("services.eventbridge", "_tick_scheduled_rules", schedule.tick)
    hooks.wrap("services.eventbridge", "_parse_rate_seconds", schedule.scaled)  # EventBridge Scheduler asks it too
    hooks.replace("services.scheduler", "_SCHEDULE_TICK_INTERVAL", 0.25)
    hooks.wrap("services.scheduler", "_tick_schedules", _unless_empty)
    on_reset(outbox.clear)
    return schedule


def _looking(dispatch: Any) -> Any:
    """To look which rules match changes none of them; what a delivery changes says so itself."""

    def run(*args: Any) -> Any:
        with only_reading():
            return dispatch(*args)

    return run


def _unless_empty(tick: Any) -> Any:
    """A look at every schedule counts as a change of it: not four times a second when there is none."""
    schedules = hooks.target("services.scheduler", "_schedules")
    return lambda: tick() if schedules.has_any() else None


def _checked(validate: Any) -> Any:
    """PutTargets refuses what would be ignored, and a state machine without a role, as AWS does."""

    def checked(target: Json) -> Any:
        unknown = sorted(set(target) - _TARGET_MEMBERS)
        if unknown:
            message = f"Target {target.get('Id')}: {', '.join(unknown)} is not supported by the local cloud."
            return _refusal(message)
        if ":states:" in target.get("Arn", "") and not target.get("RoleArn"):
            return _refusal(f"RoleArn is required for target {target['Arn']}.")
        return validate(target)

    return checked


def _refusal(message: str) -> Any:
    return hooks.target("core.responses", "error_response_json")("ValidationException", message, 400)


def _with_event_keys(context: Any) -> Any:
    """The condition keys of events:PutEvents: events:source and events:detail-type, one value an entry."""

    def with_keys(service: str, iam_action: str, body: bytes, params: Any) -> Json:
        found: Json = context(service, iam_action, body, params)
        if iam_action != "events:PutEvents":
            return found
        return {**found, **event_keys(json.loads(body or b"{}"))}

    return with_keys


def event_keys(request: Json) -> Json:
    """Return the condition keys of a PutEvents request (Service Authorization Reference, Amazon EventBridge)."""
    keys: Json = {"events:eventbusinvocation": "false"}
    for key, member in (("events:source", "Source"), ("events:detail-type", "DetailType")):
        values = sorted({str(entry.get(member, "")) for entry in request.get("Entries") or []})
        keys[key] = values[0] if len(values) == 1 else values
    return keys
