"""What `replay` refuses. Beside the rest, so that the command line knows it without importing the deciding code."""

from __future__ import annotations


class ReplayRefusedError(Exception):
    """The command was asked for what it does not do."""


class ProjectFileInvalidError(Exception):
    """The given project.yaml is not valid, so nothing could be decided by it."""
