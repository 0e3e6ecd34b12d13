"""Lambda: handlers under awslambdaric, a cap on processes, durable asynchronous invocations, SQS mappings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.outbox import Outbox
from localcloud.settings import Settings

Json = dict[str, Any]


def install(settings: Settings, outbox: Outbox) -> None:
    """Replace ministack's Python worker, its asynchronous queue and its SQS poller's gaps."""
    from localcloud.glue.lambdas import environment, mapping, pool
    from localcloud.glue.lambdas.asynchronous import Asynchronous
    from localcloud.glue.lambdas.execute import Executor
    from localcloud.glue.lambdas.worker import RuntimeWorker

    hooks.replace("services.lambda_svc", "_PROVIDED_CODE_CACHE", str(settings.temporary / "lambda-code"))
    hooks.wrap("core.lambda_runtime", "_worker_class_for", lambda old: _for_python(old, lambda _: RuntimeWorker))
    # ministack throttles by the memory that a process per call would take; here callers wait for a few processes,
    # so that the limit is AWS's own.
    hooks.replace("services.lambda_svc", "_ACCOUNT_CONCURRENCY_CAP", 1000)
    executor = Executor(pool.from_environment())
    hooks.wrap("services.lambda_svc", "_execute_function_warm", lambda old: _python_first(old, executor))

    def process_environment(old: Any) -> Any:
        def build(config: Json, code_dir: str, port: int) -> dict[str, str]:
            if not _is_python(config):
                return dict(old(config, code_dir, port))
            return environment.build(settings, config, Path(code_dir), f"127.0.0.1:{port}")

        return build

    hooks.wrap("services.lambda_svc", "_provided_worker_env", process_environment)
    hooks.wrap("services.lambda_svc", "_emit_lambda_logs", _unless_python)
    hooks.wrap("services.lambda_svc", "_emit_lambda_metrics", _only_throttles)
    queue = Asynchronous(outbox, settings.time_scale)
    hooks.replace("services.lambda_svc", "invoke_async_with_retry", queue.accept)
    mapping.install(settings)


def _is_python(config: Json) -> bool:
    return str(config.get("Runtime", "")).startswith("python")


def _for_python(old: Any, new: Any) -> Any:
    return lambda config: new(config) if _is_python(config) else old(config)


def _python_first(old: Any, executor: Any) -> Any:
    def execute(func: Json, event: Any, request_id: str) -> Any:
        run = executor if _is_python(func.get("config") or func) else old
        return run(func, event, request_id)

    return execute


def _unless_python(old: Any) -> Any:
    """Our executor has written the log of a Python function already, with its environment's stream."""

    def emit(func: Json, *args: Any, **kwargs: Any) -> None:
        if not _is_python(func.get("config") or func):
            old(func, *args, **kwargs)

    return emit


def _only_throttles(old: Any) -> Any:
    """Our executor counts every invocation; ministack counts synchronous ones, and throttles, which are left."""

    def emit(function_name: str, duration_ms: float, error: bool, throttle: bool) -> None:
        record = hooks.target("services.lambda_svc", "_functions").get(function_name) or {}
        if throttle or not _is_python(record.get("config") or {}):
            old(function_name, duration_ms, error, throttle)

    return emit
