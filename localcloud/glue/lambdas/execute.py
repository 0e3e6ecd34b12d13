"""One invocation of a Python function: a slot, a warm process, the answer, its log and its metrics."""

from __future__ import annotations

import logging
import time
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.lambdas import logs
from localcloud.glue.lambdas.pool import Pool

Json = dict[str, Any]
logger = logging.getLogger("dropforge.lambda")


class Executor:
    """Runs functions whose runtime is Python; what ministack calls in place of its own worker script."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __call__(self, func: Json, event: Any, request_id: str) -> Json:
        """Return ministack's result: ``{"body": …, "log": …}``, with ``error`` true when the function failed."""
        config = func.get("config") or func
        code_zip = func.get("code_zip")
        name = config.get("FunctionName", "unknown")
        if not code_zip:
            return _error("Runtime.InvalidEntrypoint", f"{name}: no code is deployed")
        hooks.target("services.lambda_svc", "_ensure_reaper_thread")()
        worker, taken = self._pool.lease(name, config, code_zip)
        started = time.time()
        try:
            cold = worker._proc is None
            result = _invoke(worker, config, event, request_id)
            init_ms = worker.init_ms if cold else None
            failed = bool(result.get("error"))
            invocation = logs.Invocation(config, request_id, started, init_ms, failed)
            logs.write(invocation, worker.log_stream, worker.lines)
            _count(name, (time.time() - started) * 1000, failed)
            return result
        finally:
            self._pool.release(worker, taken)


def _invoke(worker: Any, config: Json, event: Any, request_id: str) -> Json:
    lambda_svc = hooks.module("services.lambda_svc")
    arn = config.get("FunctionArn", "")
    try:
        trace_id = lambda_svc._xray_trace_id_for_invocation(config)
        answer = worker.invoke(event, request_id, trace_id=trace_id, invoked_function_arn=arn)
    except Exception as error:  # the environment failed, not the handler: tell it by AWS's name
        # Only this process goes; its siblings may be in the middle of something.
        logger.warning("Lambda %s: %s", config.get("FunctionName"), error)
        worker._teardown()
        return _error(getattr(error, "error_type", "") or "Runtime.Unknown", str(error))
    if answer["status"] == "ok":
        return {"body": answer["result"], "log": answer["log"]}
    payload = answer.get("error_payload")
    body = payload if isinstance(payload, dict) else {"errorMessage": answer["error"], "errorType": "Runtime.Unknown"}
    return {"body": body, "error": True, "log": answer["log"]}


def _error(error_type: str, message: str) -> Json:
    return {"body": {"errorMessage": message, "errorType": error_type}, "error": True, "log": ""}


def _count(name: str, duration: float, failed: bool) -> None:
    record = hooks.target("services.cloudwatch", "record_metric")
    dimensions = {"FunctionName": name}
    record("AWS/Lambda", "Invocations", 1, "Count", dimensions)
    record("AWS/Lambda", "Errors", int(failed), "Count", dimensions)
    record("AWS/Lambda", "Duration", duration, "Milliseconds", dimensions)
