"""How the tests are shared out among processes."""

from __future__ import annotations

import pytest

#: Their tests all need the whole stack, which takes a minute to deploy: one process does it for all of them.
TOGETHER = "tests/local/loop"


def pytest_itemcollected(item: pytest.Item) -> None:
    """A file's tests stay together, for its fixtures' sake (`--dist loadgroup`)."""
    file = item.nodeid.partition("::")[0]
    item.add_marker(pytest.mark.xdist_group(TOGETHER if file.startswith(TOGETHER) else file))
