"""Every error that a function raises. Step Functions sees the class name as the error name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class DropforgeError(Exception):
    """The base of all errors of ours."""


class SettingsError(DropforgeError):
    """The function's environment is incomplete: wrong in the template, seen at the cold start."""


class InputInvalidError(DropforgeError):
    """A state machine handed over something that does not fit the function's contract."""


class NameInvalidError(DropforgeError):
    """A name does not fit the limits of `dropforge.names`."""


class ProjectInvalidError(DropforgeError):
    """A project.yaml cannot be used; `problems` say where, why and what to write instead.

    The message is JSON (`{"problems": […]}`), so that the machine that catches it can pass the problems on.
    """

    def __init__(self, problems: Sequence[dict[str, Any]]) -> None:
        self.problems = list(problems)
        super().__init__(json.dumps({"problems": self.problems}, ensure_ascii=False))


class DropError(DropforgeError):
    """A drop cannot be frozen."""


class ProfileMissingError(DropforgeError):
    """A drop has no profile that could be compared."""


class DropTooLargeError(DropError):
    """What was dropped is larger than a function can freeze."""


class DropChangedError(DropError):
    """An object of the drop is gone, or another, since the drop was listed."""
