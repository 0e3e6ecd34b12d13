"""NumPy arrays to answers."""

from __future__ import annotations

from typing import Any

from localcloud.containers.guest.serving import formats

__all__ = ["encode"]


def encode(array_like: Any, content_type: str) -> str | bytes:
    """Return the prediction in a content type, as text where the type is text."""
    data = formats.encode(array_like, content_type)
    return data.decode() if formats.media_type(content_type) in formats.TEXT_TYPES else data
