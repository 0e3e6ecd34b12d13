"""Where e-mail and SMS of the local cloud arrive: kept over restarts, readable at GET /_dropforge/inbox."""

from __future__ import annotations

import json
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Json = dict[str, Any]
PATH = "/_dropforge/inbox"
_COLUMNS = ("id", "timestamp", "protocol", "topic", "endpoint", "subject", "body", "attributes")


class Inbox:
    """Messages to people. Each has id, timestamp (ISO-8601 UTC), protocol, topic, endpoint, subject, body, attributes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT, protocol TEXT,"
            " topic TEXT, endpoint TEXT, subject TEXT, body TEXT, attributes TEXT)"
        )

    def add(
        self, protocol: str, topic: str, endpoint: str, subject: str, body: str, attributes: dict[str, str]
    ) -> None:
        """Keep a message; it is on disk when this returns."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        row = (now, protocol, topic, endpoint, subject, body, json.dumps(attributes))
        with self._lock:
            self._db.execute(f"INSERT INTO message ({', '.join(_COLUMNS[1:])}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608

    def after(self, number: int) -> list[Json]:
        """Return the messages whose id is above ``number``, oldest first."""
        with self._lock:
            rows = self._db.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM message WHERE id > ? ORDER BY id",
                (number,),
            ).fetchall()
        return [{**dict(zip(_COLUMNS, row, strict=True)), "attributes": json.loads(row[-1])} for row in rows]

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
