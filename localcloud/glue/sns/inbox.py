"""Where e-mail and SMS of the local cloud arrive: kept over restarts, readable at GET /_dropforge/inbox."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Json = dict[str, Any]
PATH = "/_dropforge/inbox"
_SCHEMA = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=NORMAL;
CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT, message TEXT);
"""


@dataclass(frozen=True)
class Message:
    """What a person gets: protocol (email, email-json, sms), topic ARN ('' for an SMS to a number), endpoint
    (address or number), subject, body, and the message attributes as text."""

    protocol: str
    topic: str
    endpoint: str
    subject: str
    body: str
    attributes: dict[str, str]


class Inbox:
    """Messages to people, with an id that counts up and the time of arrival (ISO-8601 UTC)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(_SCHEMA)

    def add(self, message: Message) -> None:
        """Keep a message; it is on disk when this returns."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        row = (now, json.dumps(asdict(message)))
        with self._lock:
            self._db.execute("INSERT INTO message (timestamp, message) VALUES (?, ?)", row)

    def after(self, number: int) -> list[Json]:
        """Return the messages whose id is above ``number``, oldest first."""
        query = "SELECT id, timestamp, message FROM message WHERE id > ? ORDER BY id"
        with self._lock:
            rows = self._db.execute(query, (number,)).fetchall()
        return [{"id": key, "timestamp": at, **json.loads(text)} for key, at, text in rows]

    def clear(self) -> None:
        """Forget everything (reset)."""
        with self._lock:
            self._db.execute("DELETE FROM message")


def mounted(handle: Any, inbox: Inbox) -> Any:
    """Wrap ministack's handler of internal paths: ``GET /_dropforge/inbox?after=<id>`` answers {"messages": […]}."""

    async def handler(method: str, path: str, headers: Json, query: Json, *rest: Any) -> Any:
        if path != PATH or method != "GET":
            return await handle(method, path, headers, query, *rest)
        found = query.get("after") or "0"
        text = found[0] if isinstance(found, list) else found
        if not text.isdigit():
            return 400, dict(_JSON), json.dumps({"message": f"after={text!r}: must be the id of a message"}).encode()
        return 200, dict(_JSON), json.dumps({"messages": inbox.after(int(text))}).encode()

    return handler


_JSON = {"Content-Type": "application/json"}  # ministack adds the length to the one it gets: copy it
