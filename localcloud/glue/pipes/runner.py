"""Pipes at work: a record that is written wakes its pipe; the position moves on once the target has taken it.

The position is kept with ministack's state and moves after the target's acknowledgement, so a crash repeats
records and loses none. Waits are divided by the time scale.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.persistence.tracked import only_reading
from localcloud.glue.pipes import target

Json = dict[str, Any]
logger = logging.getLogger("dropforge.pipes")
_LOOK = 1.0  # seconds: a look without being woken, for streams that were restored
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_DAY = 86_400.0
_DEFAULT_BATCH = 100


class Runner:
    """The running pipes of one local cloud."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._wake = threading.Event()
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(16, thread_name_prefix="dropforge-pipe")
        self._started = False

    def woken(self, emit: Any) -> Any:
        """Wrap the writing of a stream record."""

        def emitted(*args: Any, **kwargs: Any) -> Any:
            result = emit(*args, **kwargs)
            self._wake.set()
            return result

        return emitted

    def wake(self) -> None:
        """Look at the pipes now."""
        self._wake.set()

    def ensure_started(self) -> None:
        """Start once; ministack calls this when a pipe is registered or restored."""
        with self._lock:
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name="dropforge-pipes", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._wake.wait(_LOOK)
            self._wake.clear()
            try:
                with only_reading():
                    pipes = list(hooks.module("services.pipes")._iter_all_pipes())
                for account, region, pipe in pipes:
                    self._consider(account, region, pipe)
            except Exception:
                logger.exception("pipes")

    def _consider(self, account: str, region: str, pipe: Json) -> None:
        with self._lock:
            if pipe.get("CurrentState") == "RUNNING" and pipe["Arn"] not in self._busy:
                self._busy.add(pipe["Arn"])
                self._pool.submit(self._work, account, region, pipe)

    def _work(self, account: str, region: str, pipe: Json) -> None:
        responses = hooks.module("core.responses")
        responses.set_request_account_id(account)
        responses.set_request_region(region)
        try:
            while batch := self._next(pipe):
                with only_reading(False):
                    self._deliver(pipe, batch)
        except Exception:
            logger.exception("pipe %s", pipe["Name"])
        finally:
            with self._lock:
                self._busy.discard(pipe["Arn"])

    def _next(self, pipe: Json) -> list[Json]:
        """The next records that pass the filter; those before them that do not are passed over."""
        with only_reading():
            return self._look(pipe)

    def _look(self, pipe: Json) -> list[Json]:
        pipes, dynamodb = hooks.module("services.pipes"), hooks.module("services.dynamodb")
        if pipes._pipes.get(pipe["Name"]) is None or pipe.get("CurrentState") != "RUNNING":
            return []
        table = pipes._table_name_from_stream_arn(pipe["Source"])
        size = int(_stream(pipe).get("BatchSize") or _DEFAULT_BATCH)
        start, end = dynamodb.stream_start_position(table), dynamodb.stream_end_position(table)
        position = min(max(int(pipes._positions.get(pipe["Arn"], start)), start), end)
        batch: list[Json] = []
        for record in dynamodb.stream_records_since(table, position, end - position):
            if record["eventSourceARN"] == pipe["Source"] and target.passes(pipe, record):
                batch.append(record)
            elif not batch:
                position += 1
                continue
            else:
                break  # records of a batch are neighbours, so that the position says which are done
            if len(batch) == size:
                break
        if position != pipes._positions.get(pipe["Arn"]):
            with only_reading(False):
                pipes._positions[pipe["Arn"]] = position
        return batch

    def _deliver(self, pipe: Json, batch: list[Json]) -> None:
        """Deliver a batch, with retries; then move on, whatever the outcome."""
        attempts, refusal = 0, ""
        while True:
            try:
                target.send(pipe, batch)
                break
            except Exception as error:
                refusal = f"{type(error).__name__}: {error}"
                condition = self._exhausted(pipe, batch, attempts)
                logger.warning("pipe %s: attempt %d: %s", pipe["Name"], attempts + 1, refusal)
                if condition:
                    target.keep_failed(pipe, batch, condition, attempts + 1)
                    break
                wait = min(_FIRST_WAIT * 2**attempts, _LONGEST_WAIT) / self._scale
                attempts += 1
                if not self._still_there_after(wait, pipe):
                    return
        pipes = hooks.module("services.pipes")
        if pipe["Name"] in pipes._pipes:
            pipes._positions[pipe["Arn"]] = int(pipes._positions[pipe["Arn"]]) + len(batch)

    @staticmethod
    def _still_there_after(seconds: float, pipe: Json) -> bool:
        threading.Event().wait(seconds)
        record = hooks.module("services.pipes")._pipes.get(pipe["Name"])
        return record is not None and record.get("CurrentState") == "RUNNING"

    def _exhausted(self, pipe: Json, batch: list[Json], attempts: int) -> str:
        """Why no further attempt is made: the record's end in the stream, or the pipe's own limits."""
        most = _stream(pipe).get("MaximumRetryAttempts")
        if most is not None and int(most) >= 0 and attempts >= int(most):
            return "RetryAttemptsExhausted"
        age = time.time() - float(batch[0]["dynamodb"]["ApproximateCreationDateTime"])
        limit = _stream(pipe).get("MaximumRecordAgeInSeconds")
        limit = _DAY if limit is None or int(limit) < 0 else float(limit)
        return "MaximumRecordAgeExceeded" if age * self._scale > limit else ""


def _stream(pipe: Json) -> Json:
    return (pipe.get("SourceParameters") or {}).get("DynamoDBStreamParameters") or {}
