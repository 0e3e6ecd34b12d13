"""What a commit compares, and for which answers it is waited for."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from localcloud.glue.persistence.blobs import Blobs
from localcloud.glue.persistence.due import Due
from localcloud.glue.persistence.stores import Store
from localcloud.glue.persistence.tracked import ALL, Marks, only_reading, touched


class Stores:
    """Two stores, and what is due of them."""

    def __init__(self, folder: Path) -> None:
        self.marks, blobs = Marks(), Blobs(folder)
        content: dict[str, dict[Any, Any]] = {"x._a": {"k": {}, "l": {}}, "cloudwatch._metrics": {"m": []}}
        self.stores = {name: Store(name, records, self.marks, blobs) for name, records in content.items()}
        self.due = Due(self.marks, self.stores)

    def by_a_thread(self, name: str, key: str) -> None:
        thread = threading.Thread(target=lambda: self.stores[name].data[key])
        thread.start()
        thread.join()


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(tmp_path)


def test_what_a_request_marked_is_compared_once(stores: Stores) -> None:
    _ = stores.stores["x._a"].data["k"]
    assert stores.due.ask(set())
    assert stores.due.take() == {("x._a", "k")}
    assert not stores.due.ask(None)
    assert not stores.due


def test_what_a_thread_marked_is_compared_again_before_answers_that_tell_of_it(stores: Stores) -> None:
    stores.by_a_thread("x._a", "k")
    assert stores.due.take() == {("x._a", "k")}
    assert not stores.due.ask({("x._a", "l"), ("x._b", ALL)})  # another record: nobody waits
    assert stores.due.take() == set()  # and the next look is a tick away
    for seen in ({("x._a", "k")}, {("x._a", ALL)}, None):
        assert stores.due.ask(seen)
        assert stores.due.take() == {("x._a", "k")}


def test_a_request_knows_what_it_looked_at_even_if_it_only_reads(stores: Stores) -> None:
    seen: set[tuple[str, Any]] = set()
    touched.set(seen)
    try:
        with only_reading():
            data = stores.stores["x._a"].data
            assert data.get("k") == {}
            assert "l" in data
            assert list(data.keys()) == ["k", "l"]
    finally:
        touched.set(None)
    assert seen == {("x._a", "k"), ("x._a", "l"), ("x._a", ALL)}
    assert not stores.marks.queue


def test_metrics_take_a_twentieth_of_the_time_at_most(stores: Stores) -> None:
    stores.stores["cloudwatch._metrics"].data["m"].append(1)
    assert stores.due.take() == set()
    assert stores.due.take_lazy() == {("cloudwatch._metrics", "m")}
    stores.due.took(time.monotonic() - 10)  # it took ten seconds
    stores.stores["cloudwatch._metrics"].data["m"].append(2)
    stores.due.take()
    assert stores.due.take_lazy() == set()
    assert stores.due  # it is not forgotten
