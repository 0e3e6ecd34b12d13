"""From a matched rule to a target: accepted on disk, tried with back-off, kept in a dead-letter queue.

EventBridge user guide, "How EventBridge retries delivering events" and "Using dead-letter queues": 185 attempts
in 24 hours with exponential back-off and jitter; what cannot work (no permission, no such target) is not
retried. Ages and waits are divided by the time scale.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
import uuid
from contextvars import ContextVar
from typing import Any

from localcloud.glue import callers, hooks
from localcloud.glue.eventbridge import payload, targets
from localcloud.glue.outbox import Again, Outbox, Parcel
from localcloud.glue.persistence.tracked import only_reading

Json = dict[str, Any]
logger = logging.getLogger("dropforge.events")
KIND = "event"
_ATTEMPTS = 185
_AGE = 86_400.0
_LONGEST_WAIT = 600.0
PRINCIPAL = "events.amazonaws.com"
# How many more times the event that is being dispatched is told (faults.py), each time under an id of its own.
copies: ContextVar[int] = ContextVar("event_copies", default=0)


class Deliveries:
    """The targets of every rule of one local cloud."""

    def __init__(self, outbox: Outbox, time_scale: float) -> None:
        self._outbox = outbox
        self._scale = time_scale
        outbox.register(KIND, self.deliver)

    def accept(self, target: Json, event: Json, rule: Json, view: Any = None) -> None:
        """Take an event for a target (ministack's ``_invoke_target``): what comes of it is on disk before the answer
        to the request that caused it, or, outside of requests, when this returns."""
        self._accept(target, event, rule, view)
        for _ in range(copies.get()):
            self._accept(target, {**event, "EventId": str(uuid.uuid4())}, rule, None)

    def _accept(self, target: Json, event: Json, rule: Json, view: Any) -> None:
        view = view or hooks.target("services.eventbridge", "_pattern_event_view")(event)
        body = {
            "target": target, "rule": rule.get("Arn", ""), "name": rule.get("Name", ""),
            "bus": rule.get("EventBusName", "default"), "event": json.dumps(view.event_with_detail()),
            "input": payload.render(target, rule, view), "record": event, "token": str(uuid.uuid4()),
        }  # fmt: skip
        with only_reading(False):
            if not self._put_into_queue(body):
                self._outbox.add(KIND, body)

    def _put_into_queue(self, body: Json) -> bool:
        """Deliver to a queue at once, in the request: the same commit writes its cause and the message.

        A burst of uploads is so many events for one queue; the outbox would cost each of them a row, and a thread.
        """
        on_loop = threading.current_thread() is threading.main_thread()
        if not on_loop or body["target"].get("Arn", "").split(":")[2:3] != ["sqs"]:
            return False
        try:
            targets.send(body)
        except Exception:
            return False  # the outbox tries again, or gives up in due form
        self._count(body, "Invocations")
        return True

    def deliver(self, parcel: Parcel) -> None:
        """Try once; raises ``Again`` while the target's retry policy allows."""
        body = parcel.body
        self._count(body, "Invocations" if not parcel.attempts else "RetryInvocationAttempts")
        try:
            targets.send(body)
        except targets.HopelessError as error:
            self._give_up(parcel, error.code, str(error), "")
        except Exception as error:
            code = getattr(error, "code", "INTERNAL_ERROR")
            exhausted = self._exhausted(parcel)
            if not exhausted:
                wait = min(2.0**parcel.attempts, _LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311 (jitter)
                raise Again(wait / self._scale, str(error)) from error
            self._give_up(parcel, code, str(error), exhausted)

    def _exhausted(self, parcel: Parcel) -> str:
        policy = parcel.body["target"].get("RetryPolicy") or {}
        attempts, age = policy.get("MaximumRetryAttempts"), policy.get("MaximumEventAgeInSeconds")
        if parcel.attempts >= (_ATTEMPTS if attempts is None else int(attempts)):
            return "MaximumRetryAttempts"
        too_old = time.time() - parcel.accepted >= (_AGE if age is None else float(age)) / self._scale
        return "MaximumEventAgeInSeconds" if too_old else ""

    def _give_up(self, parcel: Parcel, code: str, message: str, condition: str) -> None:
        body = parcel.body
        arn = body["target"].get("Arn", "")
        logger.error("rule %s: the event could not be delivered to %s: %s: %s", body["rule"], arn, code, message)
        self._count(body, "FailedInvocations")
        queue = (body["target"].get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            return
        attributes = {"RULE_ARN": body["rule"], "TARGET_ARN": arn, "ERROR_CODE": code, "ERROR_MESSAGE": message[:1024]}
        if condition:
            attributes |= {"RETRY_ATTEMPTS": str(parcel.attempts), "EXHAUSTED_RETRY_CONDITION": condition}
        try:
            targets.send_to_queue(queue, body["event"], body["rule"], attributes)
            self._count(body, "InvocationsSentToDlq")
        except (callers.NotAllowedError, targets.TargetError) as error:
            logger.error("rule %s: and not to its dead-letter queue either: %s", body["rule"], error)  # noqa: TRY400
            self._count(body, "InvocationsFailedToBeSentToDlq")

    @staticmethod
    def _count(body: Json, metric: str) -> None:
        dimensions = {"RuleName": body["name"]}
        if body["bus"] != "default":
            dimensions["EventBusName"] = body["bus"]
        hooks.target("services.cloudwatch", "record_metric")("AWS/Events", metric, 1, "Count", dimensions)
