"""The store keeps what it has acknowledged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.sagemaker.store import Record, ResourceExistsError, ResourceMissingError, Store


def record(name: str, status: str = "InProgress") -> Record:
    return Record("training-job", name, f"arn:{name.lower()}", status, 1.0, 1.0, {"a": 1})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "x" / "store.sqlite")


def test_names_are_unique_without_case(store: Store) -> None:
    store.insert(record("Job"))
    with pytest.raises(ResourceExistsError):
        store.insert(record("JOB"))
    assert store.get("training-job", "jOb").name == "Job"


def test_missing(store: Store) -> None:
    for call in (lambda: store.get("model", "a"), lambda: store.delete("model", "a")):
        with pytest.raises(ResourceMissingError):
            call()
    assert store.find("arn:nothing") is None


def test_failed_change_leaves_the_record(store: Store) -> None:
    store.insert(record("job"))

    def change(stored: Record) -> None:
        stored.status = "Completed"
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        store.update("training-job", "job", change)
    assert store.get("training-job", "job").status == "InProgress"


def test_failed_transaction_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            store.insert(record("job"), [{"Key": "k", "Value": "v"}])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.select("training-job") == []
    assert store.tags("arn:job") == []


def test_tags(store: Store) -> None:
    store.insert(record("job"), [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}])
    store.tag("arn:job", [{"Key": "b", "Value": "3"}])
    assert store.tags("arn:job") == [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
    store.untag("arn:job", ["a", "none"])
    assert store.tags("arn:job") == [{"Key": "b", "Value": "3"}]
    store.delete("training-job", "job")
    assert store.tags("arn:job") == []


def test_acknowledged_writes_survive_kill_9(tmp_path: Path) -> None:
    """A child writes, says so after each write, and is killed while it goes on writing."""
    path = tmp_path / "store.sqlite"
    code = """
import itertools, sys
from pathlib import Path
from localcloud.sagemaker.store import Record, Store
store = Store(Path(sys.argv[1]))
for number in itertools.count():
    record = Record("model", f"m{number}", f"arn:{number}", "InService", 1.0, 1.0, {})
    store.insert(record, [{"Key": "n", "Value": "v"}])
    print(number, flush=True)
"""
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True, cwd=os.getcwd()
    )
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(30)]
    os.kill(child.pid, signal.SIGKILL)
    lines += child.stdout.readlines()
    child.stdout.close()
    child.wait()
    acknowledged = [int(line) for line in lines if line.endswith("\n")]
    store = Store(path)
    names = {item.name for item in store.select("model")}
    assert {f"m{number}" for number in acknowledged} <= names
    assert all(store.tags(f"arn:{number}") for number in acknowledged)
