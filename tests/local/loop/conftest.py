"""One user of the session's stack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud
from tests.local.loop.user import User


@pytest.fixture(scope="session")
def user(cloud: LocalCloud, stack: dict[str, str]) -> Iterator[User]:
    person = User(cloud, stack, "tests-loop")
    yield person
    person.leave()
