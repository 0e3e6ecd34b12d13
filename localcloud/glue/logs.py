"""CloudWatch Logs: FilterLogEvents keeps to `logStreamNamePrefix`, which ministack reads over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.glue import hooks

_NO_STREAM = "\0"  # no stream is called so; an empty list of names would mean every stream


def install() -> None:
    """Filter by a prefix of the stream's name as AWS does; both ways of naming streams at once are refused."""
    groups = hooks.target("services.cloudwatch_logs", "_log_groups")
    group_name = hooks.target("services.cloudwatch_logs", "_resolve_log_group_name")
    refuse = hooks.target("services.cloudwatch_logs", "error_response_json")

    def by_prefix(filter_events: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
        def run(data: dict[str, Any]) -> Any:
            prefix = data.get("logStreamNamePrefix")
            if not prefix:
                return filter_events(data)
            if data.get("logStreamNames"):
                reason = "logStreamNames and logStreamNamePrefix cannot be specified at the same time."
                return refuse("InvalidParameterException", reason, 400)
            name = group_name(data)
            streams = groups[name]["streams"] if name in groups else {}
            names = [stream for stream in list(streams) if stream.startswith(prefix)]
            return filter_events({**data, "logStreamNames": names or [_NO_STREAM]})

        return run

    hooks.wrap("services.cloudwatch_logs", "_filter_log_events", by_prefix)
