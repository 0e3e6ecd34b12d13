"""One local cloud for all tests of a session; most only need it running, some the whole stack in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import deploy
from localcloud.cloud import LocalCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A running host with all hooks and an empty state; tests use names of their own in it."""
    running = LocalCloud.start(tmp_path_factory.mktemp("cloud"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def stack(cloud: LocalCloud) -> dict[str, str]:
    """The outputs of the whole stack, deployed once into `cloud` by the real SAM CLI."""
    return deploy.deploy(cloud)


@pytest.fixture
def own_cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    """A host of the test's own, to stop, kill and start again."""
    running = LocalCloud.start(tmp_path)
    yield running
    LocalCloud(running.settings).stop()
