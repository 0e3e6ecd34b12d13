"""`dropforge logs`: what the jobs of a run (or the servers of an endpoint) wrote, from CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console

from cli.stack import Stack

JOB_GROUPS = ("/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TrainingJobs", "/aws/sagemaker/TransformJobs")


class LogsNotFoundError(Exception):
    """Nothing was logged under that name."""


def print_logs(stack: Stack, name: str, console: Console) -> None:
    """Print the log of a run's jobs, of one job, or of an endpoint, oldest first.

    Args:
        stack: the deployed stack.
        name: a run (`k3j9…`), a job's name (`df-<run>-<step>-a<attempt>`), or an endpoint's name (the project).
        console: where to print.

    Raises:
        LogsNotFoundError: no log stream belongs to that name.
    """
    client = stack.client("logs")
    streams = sorted(_streams(client, name), key=lambda item: item[2])
    if not streams:
        raise LogsNotFoundError(f"Nothing logged for {name!r}. `dropforge runs` lists the runs.")
    for group, stream, _ in streams:
        console.rule(f"{group} · {stream}", align="left")
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, logStreamNames=[stream])
        for page in pages:
            for event in page["events"]:
                moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC).strftime("%H:%M:%S")
                console.print(f"{moment}  {event['message'].rstrip()}", markup=False, highlight=False)


def _streams(client: Any, name: str) -> Iterator[tuple[str, str, int]]:
    prefixes = [name] if name.startswith("df-") else [f"df-{name}-"]
    for group in (*JOB_GROUPS, f"/aws/sagemaker/Endpoints/{name}"):
        for prefix in [""] if group.endswith(f"Endpoints/{name}") else prefixes:
            arguments = {"logGroupName": group} | ({"logStreamNamePrefix": prefix} if prefix else {})
            try:
                pages = list(client.get_paginator("describe_log_streams").paginate(**arguments))
            except ClientError as error:
                if error.response["Error"]["Code"] == "ResourceNotFoundException":
                    continue
                raise
            for page in pages:
                for stream in page["logStreams"]:
                    yield group, stream["logStreamName"], stream.get("creationTime", 0)
