"""The answer that an output_fn may give instead of plain data."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response as BaseResponse

__all__ = ["Response"]


class Response(BaseResponse):
    """An HTTP answer; `accept` is its content type unless `mimetype` is given."""

    def __init__(self, response: Any = None, accept: str | None = None, status: int = 200, **options: Any) -> None:
        options.setdefault("mimetype", accept)
        super().__init__(response, status=status, **options)
