"""CloudWatch Logs: FilterLogEvents by a prefix of the stream's name."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.local.glue.conftest import Cloud

GROUP = "/test/filter-by-prefix"


def test_events_are_filtered_by_a_prefix_of_the_stream(cloud: Cloud) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    for stream in ("one/algo-1", "one/algo-2", "other"):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        logs.put_log_events(
            logGroupName=GROUP, logStreamName=stream, logEvents=[{"timestamp": 1_700_000_000_000, "message": stream}]
        )

    def found(**names: object) -> list[str]:
        return sorted(event["message"] for event in logs.filter_log_events(logGroupName=GROUP, **names)["events"])

    assert found(logStreamNamePrefix="one/") == ["one/algo-1", "one/algo-2"]
    assert found(logStreamNamePrefix="none") == []
    assert found() == ["one/algo-1", "one/algo-2", "other"]
    with pytest.raises(ClientError, match="InvalidParameterException"):
        found(logStreamNamePrefix="one/", logStreamNames=["other"])
