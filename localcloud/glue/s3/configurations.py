"""A bucket's configurations are XML that ministack parses for every request: here once for each text."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from localcloud.glue import hooks

_REMEMBERED = 256


def _notifications(old: Callable[[str | None], list[dict[str, Any]]]) -> Callable[[str | None], list[dict[str, Any]]]:
    parse = functools.lru_cache(_REMEMBERED)(old)
    return lambda raw: [dict(each) for each in parse(raw)]


def _encryption(old: Callable[[str], dict[str, str]]) -> Callable[[str], dict[str, str]]:
    texts = hooks.target("services.s3", "_bucket_encryption")
    known: dict[str, dict[str, str]] = {}

    def headers(bucket: str) -> dict[str, str]:
        text = texts.get(bucket)
        if not text:
            return {}
        if text not in known:
            if len(known) >= _REMEMBERED:
                known.clear()
            known[text] = old(bucket)
        return dict(known[text])

    return headers


def install() -> None:
    """Install the hooks. Raises HookError."""
    hooks.wrap("services.s3", "_parse_notification_config_raw", _notifications)
    hooks.wrap("services.s3", "_bucket_default_sse_headers", _encryption)
