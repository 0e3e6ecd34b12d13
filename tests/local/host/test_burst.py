"""Many puts at once: every event arrives however often it is told, and a kill in between loses none."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import botocore.exceptions
import pytest

from localcloud.cloud import LocalCloud
from tests.local.host.test_keys import Watched

_PUTS = 150


def test_a_kill_in_the_middle_of_a_burst_loses_no_acknowledged_put(own_cloud: LocalCloud) -> None:
    bucket = Watched(own_cloud, "burst")
    acknowledged: set[str] = set()
    enough = threading.Event()

    def put(number: int) -> None:
        key = f"p/train/{number:04d}"
        try:
            bucket.put(key)
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            return  # not acknowledged
        acknowledged.add(key)
        if len(acknowledged) >= _PUTS:
            enough.set()

    with ThreadPoolExecutor(8) as pool:
        for number in range(2 * _PUTS):
            pool.submit(put, number)
        assert enough.wait(120)
        own_cloud.kill()
        pool.shutdown(cancel_futures=True)
    own_cloud.restart()
    told = {event["detail"]["object"]["key"] for event in bucket.events()}
    assert acknowledged <= told
    assert acknowledged <= bucket.listed("list_objects_v2", "Contents")
    assert told <= bucket.listed("list_objects_v2", "Contents")  # an event never tells of an object that is not there


@pytest.fixture
def unreliable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalCloud:
    monkeypatch.setenv("DROPFORGE_DUPLICATE_EVENTS", "2")
    monkeypatch.setenv("DROPFORGE_LOSE_EVENTS", "0.25")
    monkeypatch.setenv("DROPFORGE_SHUFFLE_EVENTS", "0.5")
    monkeypatch.setenv("DROPFORGE_EVENTS_SEED", "3")
    return LocalCloud.start(tmp_path)


def test_events_come_twice_in_any_order_or_never(unreliable: LocalCloud) -> None:
    try:
        bucket = Watched(unreliable, "faulty")
        for number in range(60):
            bucket.put(f"p/train/{number:04d}")
        told: list[str] = []
        ids: set[str] = set()
        looks = threading.Event()
        for _ in range(400):
            events = bucket.events()
            told += [event["detail"]["object"]["key"] for event in events]
            ids |= {event["id"] for event in events}
            if len(told) >= 3 * len(set(told)) and len(told) > 90:
                break
            looks.wait(0.02)
        assert 0 < 60 - len(set(told)) < 30  # some are never told
        assert all(told.count(key) == 3 for key in set(told))
        assert len(ids) == len(told)
        assert told != sorted(told)
    finally:
        unreliable.stop()
