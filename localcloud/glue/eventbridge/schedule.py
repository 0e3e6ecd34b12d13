"""Scheduled rules in scaled time: with a scale of 60, ``rate(1 minute)`` fires every second."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.persistence.tracked import only_reading

Json = dict[str, Any]
logger = logging.getLogger("dropforge.events")
_LOOK = 0.25  # seconds between looks at the rules: nothing tells of a new rule


class Schedule:
    """The clock of the scheduled rules: it shows the real time at its start and runs ``scale`` times as fast."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._start = time.time()
        self._looked = self._start
        self._pause = threading.Event()

    def now(self) -> float:
        """The scaled time, in epoch seconds."""
        return self._start + (time.time() - self._start) * self._scale

    def scaled(self, parse: Any) -> Any:
        """Wrap ministack's reading of ``rate(…)``: its answer is compared with real seconds."""

        def parsed(expression: str) -> float | None:
            seconds = parse(expression)
            return None if seconds is None else seconds / self._scale

        return parsed

    def run(self) -> None:
        """Look for due rules for as long as the process lives."""
        while not self._pause.wait(_LOOK):
            try:
                self.tick()
            except Exception:
                logger.exception("scheduled rules")

    def tick(self) -> None:
        """Fire every enabled rule whose time has come since the last look."""
        events = hooks.module("services.eventbridge")
        since, until = self._looked, self.now()
        self._looked = until
        with only_reading():
            rules = list(events._rules._data.items())
        for (account, region, key), rule in rules:
            expression = rule.get("ScheduleExpression", "")
            if rule.get("State") == "ENABLED" and expression and self._due((account, region, key), rule, since, until):
                self._fire(events, account, region, key, rule)

    def _due(self, key: tuple[str, str, str], rule: Json, since: float, until: float) -> bool:
        events = hooks.module("services.eventbridge")
        expression = rule["ScheduleExpression"]
        interval = events._parse_rate_seconds(expression)
        if interval is None:
            fields = events._parse_cron_fields(expression)
            due = fields and events._cron_next_fire(fields, datetime.fromtimestamp(since, UTC))
            return bool(due) and due.timestamp() <= until
        now = time.time()
        # "The countdown begins when you create the rule."
        last = events._rule_last_fired.setdefault(key, rule.get("CreationTime", now))
        if now - last < interval:
            return False
        # Steps of whole intervals, so that looking a little late does not add up; none is made up for.
        events._rule_last_fired[key] = now - (now - last) % interval
        return True

    @staticmethod
    def _fire(events: Any, account: str, region: str, key: str, rule: Json) -> None:
        responses = hooks.module("core.responses")
        responses.set_request_account_id(account)
        responses.set_request_region(region)
        event = {
            "EventId": str(uuid.uuid4()), "Source": "aws.events", "DetailType": "Scheduled Event", "Detail": "{}",
            "EventBusName": rule.get("EventBusName", "default"), "Time": int(time.time()),
            "Resources": [rule["Arn"]], "Account": account, "Region": region,
        }  # fmt: skip
        view = events._pattern_event_view(event)
        for target in events._targets._data.get((account, region, key), []):
            events._invoke_target(target, event, rule, view)
