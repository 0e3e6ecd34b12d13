"""CloudWatch: alarms that are evaluated as documented, in scaled periods, with their events and actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.glue import hooks
from localcloud.settings import Settings

if TYPE_CHECKING:
    from localcloud.glue.cloudwatch.alarms import Alarms


def install(settings: Settings) -> Alarms:
    """Replace the evaluation of alarms, and supply the metrics of SQS and Step Functions that alarms watch."""
    from localcloud.glue.cloudwatch import changes, metrics
    from localcloud.glue.cloudwatch.alarms import Alarms
    from localcloud.glue.eventbridge import events

    alarms = Alarms(settings.time_scale)
    hooks.replace("services.cloudwatch", "_evaluate_alarm", alarms.evaluate)
    hooks.replace("services.cloudwatch", "_dispatch_alarm_actions", changes.act)
    hooks.wrap("services.cloudwatch", "_record_history", changes.announced)
    hooks.wrap("services.cloudwatch", "record_metric", metrics.bounded)
    hooks.wrap("services.cloudwatch", "_store_datum", metrics.bounded_data)
    events.observers.append(metrics.count_execution)
    alarms.start()
    return alarms
