"""One SQLite file with every record of every store: (store, key, part) → pickled value."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
  id INTEGER PRIMARY KEY,  -- keeps the order in which parts were added: messages, history
  store TEXT NOT NULL, key TEXT NOT NULL, part TEXT NOT NULL, value BLOB NOT NULL,
  UNIQUE (store, key, part));
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
FORMAT = "1"


class DatabaseError(RuntimeError):
    """The state on disk cannot be used; the message names the file and what to do."""


Place = tuple[str, str, str]  # store, key, part


@dataclass
class Changes:
    """What one commit writes."""

    put: dict[Place, bytes] = field(default_factory=dict)
    drop: dict[Place, None] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    with_bodies: list[Place] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.put or self.drop)


class Database:
    """The file. One writer thread at a time; every call is one transaction.

    Write-ahead log with synchronous=NORMAL: a transaction is with the operating system when `write` returns, so
    it survives the death of this process. (A power cut may cost the last moments, never consistency.)
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        self.connection.executescript(_SCHEMA)
        self.connection.execute("INSERT OR IGNORE INTO about VALUES ('format', ?)", (FORMAT,))
        (found,) = self.connection.execute("SELECT value FROM about WHERE name = 'format'").fetchone()
        if found != FORMAT:
            raise DatabaseError(f"{path}: format {found}, this version reads {FORMAT}; `make reset` starts afresh")

    def write(self, changes: Changes) -> None:
        """Write all changes in one transaction."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            self.connection.executemany(
                "INSERT INTO record (store, key, part, value) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (store, key, part) DO UPDATE SET value = excluded.value",
                [(*place, value) for place, value in changes.put.items()],
            )
            self.connection.executemany(
                "DELETE FROM record WHERE store = ? AND key = ? AND part = ?", list(changes.drop)
            )
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise

    def read(self) -> Iterator[tuple[str, str, str, bytes]]:
        """Yield (store, key, part, value) in the order in which the parts were added."""
        yield from self.connection.execute("SELECT store, key, part, value FROM record ORDER BY id")

    def close(self) -> None:
        """Close the file and fold the write-ahead log into it."""
        self.connection.close()
