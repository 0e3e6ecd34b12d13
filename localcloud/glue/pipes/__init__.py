"""EventBridge Pipes: DynamoDB streams to machines, queues, topics, functions and buses; in order, at least once."""

from __future__ import annotations

from localcloud.glue import hooks
from localcloud.glue.outbox import Outbox
from localcloud.settings import Settings


def install(settings: Settings, outbox: Outbox) -> None:
    """Replace ministack's poller, and keep the parameters that it drops. ``outbox`` is not needed: a stream keeps
    its records, and the position is kept with the pipe."""
    from localcloud.glue.pipes import definition
    from localcloud.glue.pipes.runner import Runner

    runner = Runner(settings.time_scale)
    hooks.replace("services.pipes", "_ensure_poller", runner.ensure_started)
    hooks.wrap("services.dynamodb", "_emit_stream_event", runner.woken)
    hooks.replace("services.pipes", "_create_pipe", definition.create)
    hooks.wrap("services.pipes", "_update_pipe", definition.updated)
    hooks.wrap("services.pipes", "_describe_response", definition.described)
    table = hooks.target("services.cloudformation.provisioners", "_RESOURCE_HANDLERS")
    handler = table["AWS::Pipes::Pipe"]
    table["AWS::Pipes::Pipe"] = {
        **handler,
        "create": definition.provision,
        "update": definition.reprovisioned(handler["update"]),
    }
    definition.on_change = runner.wake
