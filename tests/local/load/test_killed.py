"""A model's process ends under load: at most the calls under way on it fail, and it comes back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from localcloud.cloud import running
from tests.local.load.conftest import CONNECTIONS, Serving

pytestmark = pytest.mark.slow

_BACK_SECONDS = 30.0


def _servers(serving: Serving) -> set[int]:
    """The processes that serve models (there is one endpoint)."""
    host = running(serving.cloud.settings)
    assert host is not None
    found = set()
    for child in host.children(recursive=True):
        try:
            environment = child.environ()
        except psutil.Error:
            continue
        if "SAGEMAKER_BIND_TO_PORT" in environment:
            found.add(child.pid)
    return found


def _kill_one(serving: Serving) -> None:
    """End one abruptly and wait until there is another in its place."""
    before = _servers(serving)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + _BACK_SECONDS
    while victim in (now := _servers(serving)) or len(now) < len(before):
        assert time.monotonic() < deadline, f"{victim} of {before} did not come back: {now}"
        time.sleep(0.1)


@pytest.mark.parametrize("config", ["one", "pair-1"])
def test_killed_server_comes_back(config: str, serving: Serving, endpoint: Callable[[str], str]) -> None:
    """With and without another variant beside it."""
    name = endpoint(config)
    with serving.under_load(name) as load:
        _kill_one(serving)
        serving.ask(name, 50)
    assert load.found["failed"] <= CONNECTIONS, str(load)
    assert load.found["requests"] > load.found["failed"], str(load)
    assert serving.settled(name)["ProductionVariants"][0]["CurrentInstanceCount"] == 1
