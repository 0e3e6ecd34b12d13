"""Notification's decision: whether an event is worth a person's time, and the notice in each protocol's form."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from notification.models import BusEvent, Notice
from notification.texts import TEXTS
from notification.words import Text, said

SUBJECT_LIMIT = 99  # SNS: ASCII, fewer than 100 characters
SMS_LIMIT = 160
#: SNS takes 256 KiB for all protocols together, and so does a state, where the message is a string within JSON. So
#: these count bytes as JSON writes them: two letters and four bodies for machines are 120,000, twice escaped 240,000.
LETTER_LIMIT = 16_000
BODY_LIMIT = 22_000
KEPT = ("id", "project", "run", "drop")
SHORT = 1_000


def compose_notice(event: BusEvent) -> Notice:
    """The notice of an event; `notice` is false for what only rules need, such as `Run Succeeded`.

    Its id is the happening's own, so that an event delivered twice, or told twice, is one notice.
    """
    detail = event.detail
    happened = str(detail.get("id") or event.id)
    write = TEXTS.get(event.detail_type)
    text = write(detail) if write else None
    if text is None:
        return Notice(notice=False, id=happened)
    letter, machine = _letter(text), _machine(event, text, happened)
    return Notice(
        notice=True,
        id=happened,
        subject=_ascii(f"[dropforge] {text.subject}", SUBJECT_LIMIT),
        message={
            "default": letter,
            "email": letter,
            "sms": _ascii(text.sms, SMS_LIMIT),
            **dict.fromkeys(("sqs", "lambda", "http", "https"), machine),
        },
        attributes={
            name: {"DataType": "String", "StringValue": value}
            for name, value in (
                ("project", said(detail.get("project"), 256) or "-"),
                ("event", event.detail_type),
                ("severity", text.severity),
            )
        },
    )


def _letter(text: Text) -> str:
    """The notice as a person reads it. What to do next is always whole; what is long before it is cut."""
    indented = [c if "\n" in c else f"  {c}" for c in text.commands]  # a here-document ends at a line's beginning
    ending = "What to do next:\n" + "\n".join(indented) if text.commands else ""
    room = LETTER_LIMIT - _size(ending)
    paragraphs = [p for p in (text.headline, *text.paragraphs) if p]
    return "\n\n".join(p for p in (_cut("\n\n".join(paragraphs), room), ending) if p)


def _cut(text: str, room: int) -> str:
    """As many of the text's lines as fit."""
    if _size(text) <= room:
        return text
    kept, left = [], room - 4
    for line in text.splitlines():
        left -= _size(line)
        if left < 0:
            break
        kept.append(line)
    return "\n".join([*kept, "…"])


def _machine(event: BusEvent, text: Text, happened: str) -> str:
    """The notice as JSON. Fields that make it too long are left out, the longest first, and named."""
    body: dict[str, Any] = {
        "event": event.detail_type,
        "severity": text.severity,
        "summary": text.headline,
        "next": text.commands,
        "detail": dict(event.detail),
    }
    while (over := _size(written := _json(body)) - BODY_LIMIT) > 0:
        sizes = {k: _size(_json(v)) for k, v in body["detail"].items() if k not in KEPT}
        if not sizes:
            break
        for name in sorted(sizes, key=lambda k: sizes[k], reverse=True):
            del body["detail"][name]
            body.setdefault("left_out", []).append(said(name, SHORT))
            over -= sizes[name]
            if over <= 0:
                break
    else:
        return written
    said_so = {"id": said(happened, SHORT), **{k: said(event.detail.get(k), SHORT) for k in KEPT[1:]}}
    return _json({**body, "summary": said(text.headline, SHORT), "next": [], "detail": said_so, "left_out": ["detail"]})


def _json(value: Any) -> str:
    """JSON that is UTF-8 throughout: half of a surrogate pair becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace").decode()


def _size(text: str) -> int:
    """Bytes of the text as a string within JSON, but for its quotes."""
    return len(_json(text)) - 2 if text.isascii() else len(_json(text).encode()) - 2


def _ascii(text: str, limit: int) -> str:
    one_line = " ".join(text.split())
    plain = "".join(c for c in unicodedata.normalize("NFKD", one_line) if c.isascii() and c.isprintable())
    return plain if len(plain) <= limit else plain[: limit - 3] + "..."
