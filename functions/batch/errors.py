"""What batch refuses."""

from __future__ import annotations

from dropforge.errors import DropforgeError


class BatchRowsError(DropforgeError):
    """The drop's rows are not such as the model reads, or its answers do not fit them."""


class BatchTooLargeError(DropforgeError):
    """More rows than a function can work through."""
