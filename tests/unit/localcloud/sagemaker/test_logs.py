"""Lines that cannot be written: a role that may not never may, a fault of the service passes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.sagemaker.logs import LogWriter
from tests.unit.localcloud.sagemaker.helpers import REGION


class Logs:
    """CloudWatch Logs, whose PutLogEvents fails once, with this code."""

    class exceptions:  # noqa: N801 (as botocore's clients have it)
        """What a client may raise."""

        ResourceAlreadyExistsException = KeyError

    def __init__(self, code: str) -> None:
        self.code, self.calls = code, 0
        self.kept: list[str] = []

    def create_log_group(self, **_: Any) -> None:
        """There is one."""
        raise KeyError

    create_log_stream = create_log_group

    def put_log_events(self, **request: Any) -> None:
        self.calls += 1
        if self.calls == 1:
            raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "PutLogEvents")
        self.kept += [event["message"] for event in request["logEvents"]]


@pytest.fixture
def writer() -> Iterator[LogWriter]:
    writer = LogWriter()
    yield writer
    writer.close()


@pytest.mark.parametrize(
    ("code", "kept"),
    [("InternalFailure", ["two"]), ("ServiceUnavailableException", ["two"]), ("AccessDeniedException", [])],
)
def test_only_a_denial_lasts(writer: LogWriter, code: str, kept: list[str]) -> None:
    client = Logs(code)
    stream = writer.stream(client, "/aws/sagemaker/Endpoints/E", "V/i-1")
    for line in ("one", "two"):
        stream.write(line)
        stream.flush()
    assert client.kept == kept


def test_a_stream_that_was_deleted_is_made_again(writer: LogWriter, aws: None) -> None:
    client = boto3.client("logs", region_name=REGION)
    stream = writer.stream(client, "/aws/sagemaker/Endpoints/Deleted", "V/i-1")
    stream.write("one")
    stream.flush()
    client.delete_log_group(logGroupName=stream.group)
    for line in ("two", "three"):
        stream.write(line)
        stream.flush()
    events = client.get_log_events(logGroupName=stream.group, logStreamName=stream.name)["events"]
    assert [event["message"] for event in events] == ["three"]
