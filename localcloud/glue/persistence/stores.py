"""The stores that are kept: every scoped dictionary of ministack's loaded services, and some of our own."""

from __future__ import annotations

import ast
import itertools
import sys
import threading
import types
from collections.abc import Iterator
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.persistence.blobs import Blobs, Pickler
from localcloud.glue.persistence.database import Changes
from localcloud.glue.persistence.parts import HEAD, SPLITS, WHOLE
from localcloud.glue.persistence.tracked import ALL, Marks, Tracked, reading

_PREFIX = "ministack.services."
# Kept only in memory: caches, and what a restart has to forget.
FORGOTTEN = {
    "eventbridge._events_log",
    "stepfunctions._task_tokens",
    "stepfunctions._activity_tasks",
    "stepfunctions._sfn_mock_config",
    "lambda_svc._esm_backoff_until",
    "dynamodb._txn_idempotency",
}
# Kept although they are plain dictionaries: temporary credentials are valid until they expire.
PLAIN = {"sts._sessions"}
# Written once a second instead of before the answer: much data that nobody has to rely on to the last moment.
LAZY = {"cloudwatch._metrics", "cloudwatch._alarm_history", "cloudwatch_logs._log_groups"}
# One record an object, changed by requests only, on the event loop: not looked at for what a thread changed in silence.
MANY = {"s3._object_versions", "s3._object_tags", "s3._object_acl"}

# Their byte strings are object bodies, which stay on disk and are read when asked for (see glue/s3).
BODIES = {"s3._buckets", "s3._object_versions"}

Known = tuple[Any, Any, int]  # the value, its version, the hash of its pickle


def scoped_dictionaries() -> Iterator[tuple[str, Any]]:
    """Yield (store name, container) of every scoped dictionary in a loaded service module."""
    kinds = tuple(hooks.target("core.responses", n) for n in ("AccountScopedDict", "AccountRegionScopedDict"))
    for name, module in list(sys.modules.items()):
        if not name.startswith(_PREFIX) or not isinstance(module, types.ModuleType):
            continue
        for attribute, value in list(vars(module).items()):
            if isinstance(value, kinds) and attribute.startswith("_"):
                yield f"{name.removeprefix(_PREFIX)}.{attribute}", value


class Store:
    """One dictionary of records, and what of it is on disk."""

    def __init__(self, name: str, content: dict[Any, Any], marks: Marks, blobs: Blobs) -> None:
        self.name = name
        self.data = Tracked(name, marks, content)
        self.split = SPLITS.get(name, WHOLE)
        self.blobs = blobs
        self.marks = marks
        self.known: dict[Any, dict[Any, Known]] = {}
        self.changed_parts: dict[Any, set[Any]] = {}
        self._noting = threading.Lock()

    def keys(self) -> set[Any]:
        """Every key that is there or on disk."""
        return {*self.data.peek_keys(), *self.known}

    def note_part(self, key: Any, part: Any) -> None:
        """Mark a part of a record as possibly changed (for splits that look parts up by key)."""
        if not reading.get():
            with self._noting:
                self.changed_parts.setdefault(key, set()).add(part)
            self.marks.add(self.name, key)

    def _take_noted(self, key: Any) -> set[Any]:
        with self._noting:  # threads note while the loop's thread collects
            return self.changed_parts.pop(key, set())

    def collect(self, key: Any, changes: Changes, everything: bool = False) -> None:
        """Add to `changes` what differs between memory and disk for one key."""
        record = self.data.peek(key)
        if record is ALL:
            for part in self.known.pop(key, {}):
                self._drop(key, part, changes)
            self._take_noted(key)
            return
        known = self.known.setdefault(key, {})
        if self.split.track:
            self.split.track(self, key, record)
        self._compare(key, (HEAD, self.split.head(record), ALL), known, changes)
        if self.split is WHOLE:
            return
        only = self._take_noted(key)
        if self.split.by_key and not everything and len(known) > 1:
            self._some(key, record, only, known, changes)
        elif self.split.size and not everything:
            self._growing(key, record, known, changes)
        else:
            self._all(key, record, known, changes, everything)

    def _some(self, key: Any, record: Any, only: set[Any], known: dict[Any, Known], changes: Changes) -> None:
        assert self.split.by_key is not None
        for name in only:
            part = self.split.by_key(record, name)
            if part is not None:
                self._compare(key, (name, part[1], ALL), known, changes)
            elif name in known:
                del known[name]
                self._drop(key, name, changes)

    def _growing(self, key: Any, record: Any, known: dict[Any, Known], changes: Changes) -> None:
        assert self.split.size is not None
        new = []
        for part in self.split.parts(record):
            if part[0] in known:
                break
            new.append(part)
        # Counted after the look at the parts: one that a thread adds meanwhile must not make an old one seem gone.
        dropped = max(0, len(known) - 1 - max(0, self.split.size(record) - len(new)))
        for name in [n for n in itertools.islice(known, dropped + 1) if n != HEAD][:dropped]:
            del known[name]
            self._drop(key, name, changes)
        for part in reversed(new):
            self._compare(key, part, known, changes)

    def _all(self, key: Any, record: Any, known: dict[Any, Known], changes: Changes, everything: bool) -> None:
        present = {HEAD}
        for name, value, version in self.split.parts(record):
            present.add(name)
            self._compare(key, (name, value, ALL if everything else version), known, changes)
        if len(present) < len(known):
            for name in [n for n in known if n not in present]:
                del known[name]
                self._drop(key, name, changes)

    def _compare(self, key: Any, part: tuple[Any, Any, Any], known: dict[Any, Known], changes: Changes) -> None:
        name, value, version = part
        old = known.get(name)
        if old and version is not ALL and old[0] is value and old[1] == version:
            return
        pickler = Pickler(self.blobs)
        pickler.dump(value)
        content = pickler.buffer.getvalue()
        digest = hash(content)
        # Keeping the value keeps its identity from being reused.
        known[name] = (value, version, digest)
        if old is None or old[2] != digest:
            place = self.name, repr(key), repr(name)
            changes.drop.pop(place, None)
            changes.put[place] = content
            if pickler.bodies:
                changes.bodies.update(pickler.bodies)
                changes.with_bodies.append(place)

    def _drop(self, key: Any, name: Any, changes: Changes) -> None:
        place = self.name, repr(key), repr(name)
        changes.put.pop(place, None)
        changes.drop[place] = None

    def restore(self, rows: dict[str, dict[str, Any]]) -> None:
        """Put the records that were on disk in place; what is in memory under other keys stays."""
        for key_text, parts in rows.items():
            key = ast.literal_eval(key_text)
            named = {ast.literal_eval(name): value for name, value in parts.items()}
            if HEAD not in named:
                continue  # a crash between two formats; unreachable within one transaction
            self.known[key] = dict.fromkeys(named, (None, ALL, 0))
            head = named.pop(HEAD)
            dict.__setitem__(self.data, key, self.split.join(head, named))
            self.collect(key, Changes(), everything=True)
