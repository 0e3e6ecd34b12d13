"""CloudWatch: alarms that are evaluated as documented, in scaled periods, with their events and actions."""

from __future__ import annotations

from localcloud.glue import hooks
from localcloud.settings import Settings


def install(settings: Settings) -> None:
    """Replace the evaluation of alarms, and supply the metrics of SQS and Step Functions that alarms watch."""
    from localcloud.glue.cloudwatch import changes, metrics
    from localcloud.glue.cloudwatch.alarms import Alarms
    from localcloud.glue.eventbridge import events

    alarms = Alarms(settings.time_scale)
    hooks.replace("services.cloudwatch", "_evaluate_alarm", alarms.evaluate)
    hooks.replace("services.cloudwatch", "_dispatch_alarm_actions", changes.act)
    hooks.wrap("services.cloudwatch", "_record_history", changes.announced)
    hooks.wrap("services.cloudwatch", "record_metric", metrics.bounded)
    events.observers.append(metrics.count_execution)
    alarms.start()
