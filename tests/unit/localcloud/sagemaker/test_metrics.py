"""Figures that cannot be written: a role that may not never may, a fault of the service passes."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.sagemaker.metrics import Figure, MetricWriter


class CloudWatch:
    """Fails once, with this code."""

    def __init__(self, code: str) -> None:
        self.code, self.calls, self.kept = code, 0, 0

    def put_metric_data(self, **request: Any) -> None:
        self.calls += 1
        if self.calls == 1:
            raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "PutMetricData")
        self.kept += len(request["MetricData"])


@pytest.mark.parametrize(
    ("code", "calls", "kept"), [("InternalFailure", 2, 1), ("Throttling", 2, 1), ("AccessDenied", 1, 0)]
)
def test_only_a_denial_lasts(code: str, calls: int, kept: int) -> None:
    client, writer = CloudWatch(code), MetricWriter()
    for moment in (1.0, 2.0):
        writer.add(Figure(client, "AWS/SageMaker", "Invocations", (), "Count", moment, 1.0))
        writer.flush()
    writer.close()
    assert (client.calls, client.kept) == (calls, kept)
