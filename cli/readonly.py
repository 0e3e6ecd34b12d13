"""Looking without touching: clients that read and can do nothing else, whatever the shell's credentials allow."""

from __future__ import annotations

from typing import Any

from cli.stack import Stack

READS = ("Get", "Describe", "List", "Query", "BatchGet", "Head")


class WriteRefusedError(Exception):
    """A command that only looks was about to act: a fault of ours, stopped before the call left."""


class ReadOnlyStack(Stack):
    """A stack whose clients refuse every operation that is not a read."""

    def client(self, service: str) -> Any:
        """A boto3 client that sends reads only."""
        made = super().client(service)
        made.meta.events.register_first("before-call", refuse_writes)
        return made


def read_only(stack: Stack) -> ReadOnlyStack:
    """The same stack, to look at."""
    return ReadOnlyStack(stack.session, stack.endpoint_url, stack.outputs)


def refuse_writes(model: Any, **_: Any) -> None:
    """Botocore's `before-call`: the last moment before a request leaves.

    Raises:
        WriteRefusedError: the operation is no read.
    """
    if not str(model.name).startswith(READS):
        service = model.service_model.service_name
        raise WriteRefusedError(f"{service}:{model.name} was refused: this command only reads ({', '.join(READS)} …)")
