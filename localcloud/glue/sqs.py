"""SQS: one lock around every queue, since ministack's threads and its event loop change the same lists.

Without it a message that is sent while another thread deletes or sweeps is lost: ``queue["messages"]`` is
computed anew and assigned. Senders outside the SQS module (S3, SNS) take the lock as well.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

from localcloud.glue import hooks

_SWEEPS = ("_collect_msgs", "_dlq_sweep", "_expire_retained", "_refresh_counts", "_delete_messages_for_esm")
_SENDERS = (("services.sns", "_deliver_to_sqs"), ("services.s3", "_deliver_event_to_sqs"))


def install() -> None:
    """Serialize everything that reads or writes a queue's messages. Nothing waits while it holds the lock."""
    lock = threading.RLock()
    hooks.replace("services.sqs", "_queues_lock", lock)

    def locked(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with lock:
                return function(*args, **kwargs)

        return run

    for name in _SWEEPS:
        hooks.wrap("services.sqs", name, locked)
    for module, name in _SENDERS:
        hooks.wrap(module, name, locked)
    handlers = hooks.target("services.sqs", "_HANDLERS")
    for action, function in list(handlers.items()):
        if not inspect.iscoroutinefunction(function):  # the one that long-polls goes through the sweeps above
            handlers[action] = locked(function)
    hooks.wrap("services.sqs", "_act_send_message", locked)
