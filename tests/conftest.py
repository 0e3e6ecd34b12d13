"""How the tests are shared out among processes, and how long an example may take."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

#: Their tests all need the whole stack, which takes a minute to deploy: one process does it for all of them.
TOGETHER = "tests/local/loop/"

# A machine that is busy is no fault of what is tested.
settings.register_profile("dropforge", deadline=None)
settings.load_profile("dropforge")


class FilesTogether(LoadFileScheduling):
    """A file's tests stay together, for its fixtures' sake; and so do those of `TOGETHER`.

    (`--dist loadgroup` would say the same by marks, but xdist 3.8 cannot write them into the ids of pytest 9.2.)
    """

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesTogether:
    """See FilesTogether."""
    return FilesTogether(config, log)
