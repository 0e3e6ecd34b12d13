"""Listings of versions and of uploads with `EncodingType=url`, which every SDK asks for and ministack reads over there.

Without it a key with a control character makes the answer unreadable, and a carriage return becomes a newline.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from localcloud.glue import hooks

_ENCODED = frozenset({"Key", "Prefix", "Delimiter", "KeyMarker", "NextKeyMarker"})
# Set while a listing is made whose keys are to be encoded.
_encoding: ContextVar[bool] = ContextVar("s3_listing_encoding", default=False)


def _listing(old: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    parameter = hooks.target("services.s3", "_qp")

    def run(bucket: str, query: Any) -> Any:
        token = _encoding.set(parameter(query, "encoding-type", "") == "url")
        try:
            return old(bucket, query)
        finally:
            _encoding.reset(token)

    return run


def _body(old: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    encode, element = hooks.target("services.s3", "_url_encode"), hooks.target("services.s3", "SubElement")

    def body(root: Any) -> bytes:
        if _encoding.get() and root.tag != "Error":
            for each in root.iter():
                if each.tag in _ENCODED and each.text:
                    each.text = encode(each.text)
            element(root, "EncodingType").text = "url"
        return old(root)

    return body


def install() -> None:
    """Install the hooks. Raises HookError."""
    for name in ("_list_object_versions", "_list_multipart_uploads"):
        hooks.wrap("services.s3", name, _listing)
    hooks.wrap("services.s3", "_xml_body", _body)
