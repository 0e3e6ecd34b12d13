"""What the service knows, in one SQLite file: an acknowledged write survives `kill -9` and a power cut.

Every resource is one row: kind, name, ARN, status, times (epoch seconds) and a JSON document. The document
holds the request and the state in AWS's member names; keys with a leading underscore are ours alone.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL,
  arn TEXT NOT NULL, status TEXT NOT NULL, created REAL NOT NULL, modified REAL NOT NULL,
  document TEXT NOT NULL, UNIQUE (kind, key));
CREATE INDEX IF NOT EXISTS by_arn ON resources (arn);
CREATE TABLE IF NOT EXISTS tags (
  arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key));
"""
_SET_TAG = "INSERT INTO tags VALUES (?, ?, ?) ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value"
_COLUMNS = "sequence, kind, name, arn, status, created, modified, document"


class ResourceExistsError(Exception):
    """The kind has a resource of that name."""


class ResourceMissingError(Exception):
    """The kind has no resource of that name."""


@dataclass
class Record:
    """One resource. `sequence` is given by the store and orders what was created in the same millisecond."""

    kind: str
    name: str
    arn: str
    status: str
    created: float
    modified: float
    document: dict[str, Any] = field(default_factory=dict)
    sequence: int = 0


class Store:
    """Thread-safe; names are unique without regard to case, as AWS's are."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # FULL costs a disk flush per write; writes are rare here and "acknowledged" must mean kept.
        self._database.executescript(
            f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000; {_SCHEMA}"
        )

    def close(self) -> None:
        """Close the file; later calls raise sqlite3.ProgrammingError."""
        with self._lock:
            self._database.close()

    def insert(self, record: Record, tags: Iterable[dict[str, str]] = ()) -> None:
        """Add a resource with its tags; raises ResourceExistsError."""
        row = (record.kind, record.name.lower(), record.name, record.arn, record.status)
        times = (record.created, record.modified, json.dumps(record.document))
        try:
            with self.transaction() as database:
                cursor = database.execute(
                    "INSERT INTO resources (kind, key, name, arn, status, created, modified, document)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (*row, *times),
                )
                database.executemany(_SET_TAG, [(record.arn, tag["Key"], tag["Value"]) for tag in tags])
        except sqlite3.IntegrityError as error:
            raise ResourceExistsError(record.name) from error
        record.sequence = cursor.lastrowid or 0

    def get(self, kind: str, name: str) -> Record:
        """The resource of that name; raises ResourceMissingError."""
        found = self.select(kind, "AND key = ?", (name.lower(),))
        if not found:
            raise ResourceMissingError(name)
        return found[0]

    def find(self, arn: str) -> Record | None:
        """The resource with that ARN, or None."""
        with self._lock:
            row = self._database.execute(f"SELECT {_COLUMNS} FROM resources WHERE arn = ?", (arn,)).fetchone()  # noqa: S608
        return _record(row) if row else None

    def update(self, kind: str, name: str, change: Callable[[Record], None]) -> Record:
        """Apply `change` to the stored resource and keep it; what `change` raises leaves it as it was."""
        with self.transaction() as database:
            record = self.get(kind, name)
            change(record)
            database.execute(
                "UPDATE resources SET status = ?, modified = ?, document = ? WHERE sequence = ?",
                (record.status, record.modified, json.dumps(record.document), record.sequence),
            )
            return record

    def delete(self, kind: str, name: str) -> None:
        """Remove the resource and its tags; raises ResourceMissingError."""
        with self.transaction() as database:
            record = self.get(kind, name)
            database.execute("DELETE FROM resources WHERE sequence = ?", (record.sequence,))
            database.execute("DELETE FROM tags WHERE arn = ?", (record.arn,))

    def select(self, kind: str, where: str = "", values: Iterable[Any] = ()) -> list[Record]:
        """The kind's resources; `where` is SQL of ours ("AND … ORDER BY … LIMIT ?"), never a caller's text."""
        statement = f"SELECT {_COLUMNS} FROM resources WHERE kind = ? {where}"  # noqa: S608
        with self._lock:
            rows = self._database.execute(statement, (kind, *values)).fetchall()
        return [_record(row) for row in rows]

    def tags(self, arn: str) -> list[dict[str, str]]:
        """The ARN's tags, sorted by key, in the API's form."""
        with self._lock:
            rows = self._database.execute("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (arn,))
            return [{"Key": key, "Value": value} for key, value in rows]

    def tag(self, arn: str, tags: Iterable[dict[str, str]]) -> None:
        """Set tags; a key that exists takes the new value."""
        with self.transaction() as database:
            database.executemany(_SET_TAG, [(arn, tag["Key"], tag["Value"]) for tag in tags])

    def untag(self, arn: str, keys: Iterable[str]) -> None:
        """Remove tags; a key that does not exist is no error."""
        with self.transaction() as database:
            database.executemany("DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys])

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._database.executescript("DELETE FROM resources; DELETE FROM tags;")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; a transaction within a transaction joins it."""
        with self._lock:
            if self._database.in_transaction:
                yield self._database
                return
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")


def _record(row: tuple[Any, ...]) -> Record:
    sequence, kind, name, arn, status, created, modified, document = row
    return Record(kind, name, arn, status, created, modified, json.loads(document), sequence)
