"""Every alarm looked at several times a period, on its own metric and dimensions."""

from __future__ import annotations

import contextvars
import json
import logging
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
_RECENT = 5000  # data points of a metric that an evaluation looks at: older ones are long past every period


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

    def _values(self, alarm: Json) -> list[float | None]:
        """The statistic of each evaluation period, newest first; None where there is no data."""
        cloudwatch = hooks.module("services.cloudwatch")
        dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []}
        key = (alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(dimensions))
        points = list(cloudwatch._metrics.get(key) or [])[-_RECENT:]
        length = int(alarm.get("Period") or 60) / self._scale
        statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
        now = time.time()
        values: list[float | None] = []
        for number in range(int(alarm.get("EvaluationPeriods") or 1)):
            end = now - number * length
            inside = [point for point in points if end - length < point["Timestamp"] <= end]
            stats = cloudwatch._calc_stats(inside)
            values.append(cloudwatch._stat_value(stats, statistic, inside) if stats else None)
        return values
