"""Event source mappings of SQS queues: batching window, large batches, partial failures, timely retries.

ministack polls, builds the event and deletes what succeeded; here are the parts that it leaves out.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from localcloud.glue import callers, hooks
from localcloud.glue.persistence.tracked import only_reading
from localcloud.glue.sqs import queues
from localcloud.settings import Settings

Json = dict[str, Any]
logger = logging.getLogger("dropforge.lambda")
_PAYLOAD = 6 * 1024 * 1024  # bytes of a synchronous invocation
_ENVELOPE = 600  # bytes around a record's body
_MARGIN = 0.005  # seconds, so that what is waited for is past
_NEEDED = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


class BatchResponseError(ValueError):
    """A function's batchItemFailures is not what the documentation asks for: the whole batch counts as failed."""


def install(settings: Settings) -> None:
    """Replace how batches are taken from a queue and how a function's answer is read."""
    batches = Batches(settings.time_scale)
    hooks.replace("services.sqs", "_receive_messages_for_esm", batches.receive)
    hooks.replace("services.lambda_svc", "_run_sqs_batch", batches.run)
    hooks.wrap("services.lambda_svc", "_create_esm", _checked)
    hooks.wrap("services.lambda_svc", "_poll_sqs", _looking)
    hooks.wrap("services.lambda_svc", "_iter_all_esms", _looking_at_all)


def _looking(poll: Any) -> Any:
    """A look at the mappings and queues changes none of them; what is received says so itself."""

    def run() -> Any:
        with only_reading():
            return poll()

    return run


def _looking_at_all(all_mappings: Any) -> Any:
    def run() -> Any:
        with only_reading():
            return iter(list(all_mappings()))

    return run


def check_role(function_name: str, source_arn: str) -> None:
    """AWS refuses a mapping whose function may not read its queue. Raises callers.NotAllowedError."""
    if source_arn.split(":")[2:3] != ["sqs"]:
        return
    func = hooks.target("services.lambda_svc", "_functions").get(function_name)
    if func is not None:
        for action in _NEEDED:
            callers.check_role(func["config"]["Role"], action, source_arn)


def _checked(create: Any) -> Any:
    def checked(data: Json) -> Any:
        name = hooks.target("services.lambda_svc", "_resolve_name")(data.get("FunctionName", ""))
        try:
            check_role(name, data.get("EventSourceArn", ""))
        except callers.NotAllowedError as error:
            return hooks.target("services.lambda_svc", "_invalid_parameter_value")(str(error))
        return create(data)

    return checked


class Batches:
    """Batches of one local cloud; windows and visibility after a failure are divided by the time scale."""

    def __init__(self, time_scale: float) -> None:
        self._scale = time_scale
        self._alarm = Alarm()

    def receive(self, queue_url: str, size: int) -> list[Json]:
        """Take up to ``size`` messages once there are as many, or once the oldest has waited for the window."""
        sqs = hooks.module("services.sqs")
        with sqs._queues_lock, only_reading(False):
            queue = sqs._get_q(queue_url)
            sqs._expire_retained(queue)
            sqs._dlq_sweep(queue)
            now = time.time()
            visible = queues.messages(queue).visible(size, now)
            window = _window(queue["attributes"]["QueueArn"]) / self._scale
            if visible and len(visible) < size and window:
                left = min(message["visible_at"] for message in visible) + window - now
                if left > 0:
                    self._alarm.within(left + _MARGIN)
                    return []
            size = _fitting(visible)
            batch: list[Json] = sqs._collect_msgs(queue, size, int(queue["attributes"].get("VisibilityTimeout", "30")))
            return batch

    def run(self, *arguments: Any) -> None:
        """Invoke with one batch, delete what succeeded, make the rest visible again for the next attempt."""
        with only_reading(False):
            self._run(*arguments)

    def _run(self, *arguments: Any) -> None:
        # arguments as ministack's _run_sqs_batch: mapping, function, event, messages, queue URL, queue name
        esm, func, event, batch, queue_url, queue_name = arguments
        result = hooks.target("services.lambda_svc", "_execute_function")(func, event)
        handles = {message["receipt_handle"] for message in batch}
        failed: set[str] = set()
        if result.get("error"):
            failed = {message["id"] for message in batch}
        elif "ReportBatchItemFailures" in (esm.get("FunctionResponseTypes") or []):
            try:
                failed = _failures(result.get("body"), {message["id"] for message in batch})
            except BatchResponseError as error:
                logger.warning("%s: %s: the whole batch counts as failed", esm["FunctionName"], error)
                failed = {message["id"] for message in batch}
        done = {message["receipt_handle"] for message in batch if message["id"] not in failed}
        hooks.target("services.sqs", "_delete_messages_for_esm")(queue_url, done)
        if failed:
            self._show_again(queue_url, handles - done, bool(result.get("throttle")))
        outcome = "FAILED" if len(failed) == len(batch) else f"OK - {len(done)} records, {len(failed)} failures"
        esm["LastProcessingResult"] = outcome if failed else f"OK - {len(batch)} records"
        hooks.target("services.lambda_svc", "_esms").get(esm["UUID"])  # a mark: it has changed
        logger.info("%s: %d of %d messages from %s done", esm["FunctionName"], len(done), len(batch), queue_name)

    def _show_again(self, queue_url: str, handles: set[str], throttled: bool) -> None:
        sqs = hooks.module("services.sqs")
        with sqs._queues_lock:
            queue = sqs._get_q(queue_url)
            wait = float(queue["attributes"].get("VisibilityTimeout", "30")) / self._scale
            held = queues.messages(queue)
            for message in filter(None, map(held.held_by, handles)):
                held.show_at(message, time.time() + wait)
                if throttled:  # Lambda did not run it, so it does not come nearer to the DLQ
                    message["receive_count"] -= 1
        self._alarm.within(wait + _MARGIN)


def _window(queue_arn: str) -> float:
    with only_reading():
        mappings = list(hooks.target("services.lambda_svc", "_esms").values())
    return float(max((esm.get("MaximumBatchingWindowInSeconds") or 0 for esm in mappings
                      if esm.get("EventSourceArn") == queue_arn), default=0))  # fmt: skip


def _fitting(messages: list[Json]) -> int:
    """How many messages fit into one invocation's payload (at least one)."""
    total = 0
    for count, message in enumerate(messages):
        total += len(message["body"].encode()) + _ENVELOPE
        if total > _PAYLOAD:
            return max(1, count)
    return len(messages)


class Alarm:
    """Wakes ministack's poller at a time; of several times asked for, the earliest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._at = 0.0

    def within(self, seconds: float) -> None:
        """Wake the poller when so many seconds have passed; whoever waits for longer asks again then."""
        now = time.monotonic()
        with self._lock:
            if self._timer is not None and now < self._at <= now + seconds:
                return
            if self._timer is not None:
                self._timer.cancel()
            self._at = now + seconds
            self._timer = threading.Timer(seconds, hooks.target("core.concurrency", "esm_wake").set)
            self._timer.daemon = True
            self._timer.start()


def _failures(body: Any, ids: set[str]) -> set[str]:
    """The failed messages of a partial batch response (Lambda guide, "Reporting batch item failures").

    None and empty answers mean success. Raises BatchResponseError for an identifier that is missing or unknown.
    """
    if body is None or body == "":
        return set()
    if not isinstance(body, dict):
        raise BatchResponseError(f"the answer is no object: {body!r}")
    failures = body.get("batchItemFailures")
    if failures is None:
        return set()
    if not isinstance(failures, list):
        raise BatchResponseError("batchItemFailures is no list")
    found = {item.get("itemIdentifier") if isinstance(item, dict) else None for item in failures}
    if found - ids:
        raise BatchResponseError(f"itemIdentifier {sorted(map(str, found - ids))} is not in the batch")
    return found  # type: ignore[return-value]  # a subset of ids
