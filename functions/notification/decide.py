"""Notification's decision: whether an event is worth a person's time, and the notice in each protocol's form."""

from __future__ import annotations

import json
import unicodedata

from notification.models import BusEvent, Notice
from notification.texts import TEXTS, Text

SUBJECT_LIMIT = 99  # SNS: ASCII, fewer than 100 characters
SMS_LIMIT = 160
BODY_LIMIT = 60_000  # SNS takes 256 KiB for all protocols together


def compose_notice(event: BusEvent) -> Notice:
    """The notice of an event; `notice` is false for what only rules need, such as `Run Succeeded`.

    Its id is the happening's own, so that an event delivered twice, or told twice, is one notice.
    """
    detail = event.detail
    happened = str(detail.get("id") or event.id)
    write = TEXTS.get(event.detail_type)
    if write is None:
        return Notice(notice=False, id=happened)
    text = write(detail)
    project = "".join(c for c in str(detail.get("project") or "") if c.isprintable()) or "-"
    machine = json.dumps(
        {
            "event": event.detail_type,
            "severity": text.severity,
            "summary": text.headline,
            "next": text.commands,
            "detail": detail,
        },
        ensure_ascii=False,
        default=str,
    )
    machine = machine if len(machine) <= BODY_LIMIT else _without_detail(event, text, happened)
    letter = _letter(text)
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
            for name, value in (("project", project), ("event", event.detail_type), ("severity", text.severity))
        },
    )


def _letter(text: Text) -> str:
    parts = [text.headline, *text.paragraphs]
    if text.commands:
        parts.append("What to do next:\n" + "\n".join(f"  {c}" for c in text.commands))
    return "\n\n".join(p for p in parts if p)[:BODY_LIMIT]


def _without_detail(event: BusEvent, text: Text, happened: str) -> str:
    said = {"id": happened, **{k: event.detail.get(k) for k in ("project", "run", "drop")}}
    return json.dumps(
        {"event": event.detail_type, "severity": text.severity, "summary": text.headline[:1000], "detail": said}
    )


def _ascii(text: str, limit: int) -> str:
    one_line = " ".join(text.split())
    plain = "".join(c for c in unicodedata.normalize("NFKD", one_line) if c.isascii() and c.isprintable())
    return plain if len(plain) <= limit else plain[: limit - 3] + "..."
