"""What a commit writes: what changed, no more and no less."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from localcloud.glue.persistence.answers import only_reads
from localcloud.glue.persistence.blobs import Blobs, Body, Pickler, Unpickler
from localcloud.glue.persistence.database import Changes, Database
from localcloud.glue.persistence.durability import Durability
from localcloud.glue.persistence.stores import Store
from localcloud.glue.persistence.tracked import ALL, Marks, Tracked, reading
from localcloud.settings import Settings


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def store(name: str, blobs: Blobs, content: dict[Any, Any]) -> Store:
    made = Store(name, content, Marks(), blobs)
    for key in content:
        made.collect(key, Changes())
    return made


def written(made: Store, key: Any, everything: bool = False) -> tuple[set[str], set[str]]:
    changes = Changes()
    made.collect(key, changes, everything)
    return {part for _, _, part in changes.put}, {part for _, _, part in changes.drop}


def test_every_way_to_a_value_is_a_mark() -> None:
    marks = Marks()
    tracked = Tracked("s", marks, {"a": {}, "b": {}})
    for use in (
        lambda: tracked["a"],
        lambda: tracked.get("a"),
        lambda: tracked.setdefault("a", 1),
        lambda: tracked.__setitem__("a", 1),
        lambda: tracked.pop("a"),
        lambda: tracked.setdefault("a", {}),
        lambda: tracked.__delitem__("a"),
    ):
        use()
        assert marks.drain() == {("s", "a"): False}
    for use in (tracked.values, tracked.items, tracked.clear, lambda: tracked.update(c=1)):
        use()
        assert marks.drain() == {("s", ALL): False}
    tracked.get("missing")
    assert "c" in tracked
    assert not marks.drain()


def test_a_reading_request_leaves_no_marks_and_a_thread_is_told_apart() -> None:
    marks = Marks()
    tracked = Tracked("s", marks, {"a": {}})
    token = reading.set(True)
    tracked.get("a")
    reading.reset(token)
    assert not marks.queue
    thread = threading.Thread(target=lambda: tracked["a"])
    thread.start()
    thread.join()
    assert marks.drain() == {("s", "a"): True}


def test_a_whole_record_is_written_when_it_differs(blobs: Blobs) -> None:
    made = store("x._records", blobs, {"a": {"n": 1}})
    assert written(made, "a") == (set(), set())
    made.data["a"]["n"] = 2
    assert written(made, "a") == ({"''"}, set())
    del made.data["a"]
    assert written(made, "a") == (set(), {"''"})


def test_a_queue_writes_new_and_received_messages_only(blobs: Blobs) -> None:
    messages = [{"id": str(n), "receive_count": 0, "body": "x"} for n in range(3)]
    made = store("sqs._queues", blobs, {"q": {"name": "q", "messages": messages}})
    queue = made.data["q"]
    queue["messages"].receive(queue["messages"].get("1"), "handle", 1.0, 2.0)
    queue["messages"].append({"id": "3", "receive_count": 0, "body": "y"})
    queue["messages"].discard("0")
    assert written(made, "q") == ({"'1'", "'3'"}, {"'0'"})
    # ministack sometimes puts a list of its own there.
    queue["messages"] = [message for message in queue["messages"] if message["id"] != "2"]
    assert written(made, "q") == (set(), {"'2'"})


def test_a_history_writes_its_new_end_and_forgets_its_front(blobs: Blobs) -> None:
    events = [{"id": n} for n in range(1, 4)]
    made = store("stepfunctions._executions", blobs, {"e": {"status": "RUNNING", "events": events}})
    events += [{"id": 4}, {"id": 5}]
    assert written(made, "e") == ({"4", "5"}, set())
    del events[:2]
    assert written(made, "e") == (set(), {"1", "2"})
    made.data["e"]["status"] = "FAILED"
    assert written(made, "e") == ({"''"}, set())


def test_a_bucket_looks_at_the_objects_that_were_touched(blobs: Blobs) -> None:
    bucket = {"objects": {k: {"size": 1} for k in "abc"}}
    made = store("s3._buckets", blobs, {"b": bucket})
    bucket["objects"]["a"]["size"] = 2  # through the tracked dictionary, as ministack does
    bucket["objects"].pop("b")
    assert written(made, "b") == ({"'a'"}, {"'b'"})
    dict.get(bucket["objects"], "c")["size"] = 3  # behind its back
    assert written(made, "b") == (set(), set())
    assert written(made, "b", everything=True) == ({"'c'"}, set())


def test_bodies_are_files_and_come_back_as_references(blobs: Blobs, tmp_path: Path) -> None:
    body = b"x" * 10_000
    pickler = Pickler(blobs)
    pickler.dump({"body": body})
    content = pickler.buffer.getvalue()
    assert len(content) < 200
    for name, found in pickler.bodies.items():
        blobs.write(name, found)
    assert Unpickler(blobs, content, lazy=False).load() == {"body": body}
    reference = Unpickler(blobs, content, lazy=True).load()["body"]
    assert isinstance(reference, Body)
    assert reference.read() == body
    blobs.write("00" * 32, b"rubbish")
    assert blobs.sweep() == 1
    assert reference.read() == body


def test_a_private_key_survives(blobs: Blobs) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pickler = Pickler(blobs)
    pickler.dump({"key": key})
    again = Unpickler(blobs, pickler.buffer.getvalue(), lazy=False).load()["key"]
    assert again.private_numbers() == key.private_numbers()


def test_the_order_of_parts_survives_updates(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite")
    for part in "abc":
        database.write(Changes(put={("s", "k", part): b"1"}))
    database.write(Changes(put={("s", "k", "a"): b"2"}, drop={("s", "k", "b"): None}))
    assert [(part, value) for _, _, part, value in database.read()] == [("a", b"2"), ("c", b"1")]


def test_a_state_that_cannot_be_written_refuses_every_answer(tmp_path: Path) -> None:
    async def story() -> None:
        durability = Durability(Settings(tmp_path, 1))
        durability.store("own")["a"] = 1
        committing = asyncio.create_task(durability.run())
        await durability.settled()
        durability.database.close()
        durability.store("own")["a"] = 2
        for _ in range(2):  # the one that met it, and all later ones
            with pytest.raises(sqlite3.ProgrammingError):
                await durability.settled()
        committing.cancel()

    asyncio.run(story())


def test_an_own_store_comes_back_after_adoption(tmp_path: Path) -> None:
    async def story() -> None:
        durability = Durability(Settings(tmp_path, 1))
        durability.store("own")["a"] = {"n": 1}
        committing = asyncio.create_task(durability.run())
        await durability.settled()
        committing.cancel()

    asyncio.run(story())
    again = Durability(Settings(tmp_path, 1))
    again.store("own")
    assert "own" in again.load()  # with those of ministack, if another test has imported it
    assert again.store("own") == {"a": {"n": 1}}


@pytest.mark.parametrize(
    ("method", "operation", "expected"),
    [
        ("POST", "DescribeTable", True),
        ("POST", "Query", True),
        ("POST", "PutItem", False),
        ("POST", "ReceiveMessage", False),
        ("POST", "GetSessionToken", False),
        ("GET", None, True),
        ("PUT", None, False),
    ],
)
def test_what_only_reads(method: str, operation: str | None, expected: bool) -> None:
    assert only_reads(method, operation) is expected
