"""SQS: one lock around every queue, messages that are found without a scan, redrive by move tasks.

Without the lock a message that is sent while another thread deletes or sweeps is lost, since ministack's threads
and its event loop change the same queues. Senders outside the SQS module (S3, SNS) take the lock as well.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

from localcloud.glue import hooks

_SENDERS = (("services.sns", "_deliver_to_sqs"), ("services.s3", "_deliver_event_to_sqs"))


def install() -> None:
    """Install the hooks. Raises HookError."""
    from localcloud.glue.sqs import moves, queues

    lock = threading.RLock()
    hooks.replace("services.sqs", "_queues_lock", lock)

    def locked(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with lock:
                return function(*args, **kwargs)

        return run

    for name, function in queues.REPLACED.items():
        hooks.replace("services.sqs", name, locked(function))
    hooks.wrap("services.sqs", "_collect_fifo", lambda old: _noting(old, queues.messages))
    for module, name in _SENDERS:
        hooks.wrap(module, name, locked)
    handlers = hooks.target("services.sqs", "_HANDLERS")
    handlers.update(queues.HANDLERS)
    moves.install(handlers)
    for action, function in list(handlers.items()):
        if not inspect.iscoroutinefunction(function):  # the one that long-polls goes through the sweeps above
            handlers[action] = locked(function)
    hooks.wrap("services.sqs", "_act_send_message", locked)


def _noting(collect: Callable[..., Any], messages: Callable[..., Any]) -> Callable[..., Any]:
    """ministack's receive from a FIFO queue changes messages where they are: let the queue know."""

    def run(queue: dict[str, Any], most: int, seconds: int, now: float) -> Any:
        found = collect(queue, most, seconds, now)
        for message in found:
            messages(queue).renew(message)
        return found

    return run
