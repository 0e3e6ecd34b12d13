"""What a job refuses, in words for the user: each message names the file, line or column, and what to do."""

from __future__ import annotations


class JobError(Exception):
    """The job cannot go on for a reason that the user can mend; the text is shown to them as it is."""


class SettingsError(JobError):
    """The job's settings file is missing something or contradicts itself."""


class TableError(JobError):
    """A dropped file is not a readable table; `file` is its name, `line` where it stops to be one, if known."""

    def __init__(self, message: str, file: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.file = file
        self.line = line


class TargetError(JobError):
    """The target column is not there or holds what cannot be learnt."""


class SplitError(JobError):
    """The rows cannot be divided as asked."""


class ModelError(JobError):
    """A model archive is not what was expected."""


class RequestError(JobError):
    """A request to the model server cannot be answered; `status_code` is the HTTP status that it deserves."""

    def __init__(self, message: str, status_code: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code
