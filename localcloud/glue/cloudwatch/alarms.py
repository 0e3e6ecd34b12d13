"""Every alarm looked at several times a period, on its own metric and dimensions."""

from __future__ import annotations

import contextvars
import json
import logging
import math
import threading
import time
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.cloudwatch import metrics
from localcloud.glue.cloudwatch.changes import reason_data
from localcloud.glue.cloudwatch.evaluate import COMPARE, Rule, Verdict, judge
from localcloud.glue.persistence.tracked import only_reading

Json = dict[str, Any]
logger = logging.getLogger("dropforge.alarms")
_FASTEST, _SLOWEST = 0.25, 10.0  # seconds between looks
_EXTRA = 2  # periods that are looked at beyond those that are evaluated
_LATE = 3.0  # real seconds that data may take to arrive, which compressed periods do not wait for
_DISORDER = 60.0  # seconds by which a data point may be older than the one stored before it


class Alarms:
    """The alarms of one local cloud. A period of 60 seconds lasts 60 / ``scale``."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._pause = threading.Event()
        self._look = min(max(60 / scale / 4, _FASTEST), _SLOWEST)
        self._lock = threading.RLock()

    def start(self) -> None:
        """Look at the alarms from now on, in a thread."""
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(self._run,), name="dropforge-alarms", daemon=True).start()

    def _run(self) -> None:
        responses = hooks.module("core.responses")
        cloudwatch = hooks.module("services.cloudwatch")
        while not self._pause.wait(self._look):
            with only_reading():
                alarms = list(cloudwatch._alarms.all_items())
            for (account, region, _), alarm in alarms:
                responses.set_request_account_id(account)
                responses.set_request_region(region)
                try:
                    metrics.sample(alarm)
                    with only_reading():
                        self.evaluate(alarm)
                except Exception:
                    logger.exception("alarm %s", alarm.get("AlarmName"))

    def evaluate(self, alarm: Json) -> None:
        """Bring an alarm's state up to date, with its history, event and actions when it changes."""
        if alarm.get("ComparisonOperator") not in COMPARE or not alarm.get("MetricName"):
            return
        with self._lock:
            values = self._values(alarm)
            needed = alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods", 1)
            rule = Rule(alarm["ComparisonOperator"], float(alarm.get("Threshold", 0)), int(needed),
                                 alarm.get("TreatMissingData") or "missing")  # fmt: skip
            old = alarm["StateValue"]
            verdict = judge(rule, values, old)
            if verdict.state is None or verdict.state == old:
                return
            with only_reading(False):
                self._change(alarm, old, verdict, values)

    def _change(self, alarm: Json, old: str, verdict: Verdict, values: list[float | None]) -> None:
        cloudwatch = hooks.module("services.cloudwatch")
        alarm["StateValue"], alarm["StateReason"] = verdict.state, verdict.reason
        alarm["StateReasonData"] = json.dumps(reason_data(alarm, values))
        alarm["StateUpdatedTimestamp"] = int(time.time())
        if alarm["AlarmName"] in cloudwatch._alarms:
            cloudwatch._alarms[alarm["AlarmName"]] = alarm  # so that the change is kept
        cloudwatch._record_history(alarm["AlarmName"], old, verdict.state, verdict.reason)
        cloudwatch._dispatch_alarm_actions(alarm, old, verdict.state, verdict.reason)
        cloudwatch._evaluate_parent_alarms(alarm)

    def values(self, alarm: Json) -> list[float]:
        """The alarm's metric in its newest periods that have data, newest first."""
        return [value for value in self._values(alarm) if value is not None]

    def _values(self, alarm: Json) -> list[float | None]:
        """The statistic of the periods that are evaluated, newest first; None where there is no data.

        As CloudWatch does ("How CloudWatch alarms handle missing data"), more periods are looked at than are
        evaluated: what arrives late must not look missing. Real data points count before missing ones.
        """
        cloudwatch = hooks.module("services.cloudwatch")
        dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []}
        key = (alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(dimensions))
        length = int(alarm.get("Period") or 60) / self._scale
        periods = int(alarm.get("EvaluationPeriods") or 1)
        looked_at = periods + _EXTRA + math.ceil(_LATE / length) if periods > 1 else 1
        statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
        inside = _by_period(cloudwatch._metrics.get(key) or [], time.time(), length, looked_at)
        values: list[float | None] = []
        for points in inside:
            stats = cloudwatch._calc_stats(points)
            values.append(cloudwatch._stat_value(stats, statistic, points) if stats else None)
        real: list[float | None] = [value for value in values if value is not None]
        return [*real, *[None] * periods][:periods]


def _by_period(points: list[Json], now: float, length: float, number: int) -> list[list[Json]]:
    """The data points of each of so many periods before now, newest first.

    From the end, since a metric may have weeks of them; they are stored nearly in the order of their time.
    """
    found: list[list[Json]] = [[] for _ in range(number)]
    for point in reversed(points):
        age = now - point["Timestamp"]
        if age >= number * length + _DISORDER:
            break
        if 0 <= age < number * length:
            found[int(age // length)].append(point)
    return found
