from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake.changes import Change, read_event
from intake.claims import ContentionError, claim

from tests.unit.intake.fake_store import FakeStore
from tests.unit.intake.test_changes import s3_event

PK = "adult/train/"
SUCCESS = "adult/train/_SUCCESS"


def change(key: str, **more: Any) -> Change:
    read = read_event(s3_event(key if "/" in key else f"adult/train/{key}", **more))
    assert isinstance(read, Change)
    return read


A, B, C = change("a.csv"), change("b.csv"), change("c.csv")


def claimed(*batches: list[Change]) -> FakeStore:
    store = FakeStore()
    for batch in batches:
        claim(batch, store)
    return store


def test_objects_that_arrive_together_are_one_drop() -> None:
    store = claimed([A], [B, C])
    assert list(store.members().values()) == [{A.key, B.key, C.key}]
    assert store.windows[PK][store.pointer[PK]].state == "OPEN"


def test_a_duplicate_has_no_effect_at_all() -> None:
    store = claimed([A, A], [A])
    assert store.touches == 1


def test_a_duplicate_after_closing_opens_nothing() -> None:
    store = claimed([A])
    store.close(PK)
    claim([A], store)
    assert len(store.windows[PK]) == 1


def test_what_comes_after_closing_is_the_next_drop() -> None:
    store = claimed([A])
    store.close(PK)
    claim([B, change("a.csv", sequencer="62")], store)
    assert sorted(map(len, store.members().values())) == [2]
    assert len(store.windows[PK]) == 2


def test_an_older_event_of_a_key_changes_nothing() -> None:
    store = claimed([change("a.csv", sequencer="70")], [change("a.csv", sequencer="6F", kind="Object Deleted")])
    assert list(store.members().values()) == [{A.key}]


def test_a_deletion_opens_no_window_and_outlives_a_late_creation() -> None:
    store = claimed([change("a.csv", sequencer="62", kind="Object Deleted")], [A])
    assert (store.windows, store.members()) == ({}, {})


def test_success_completes_at_once() -> None:
    store = claimed([A], [change(SUCCESS, size=0, second=5)])
    assert store.windows[PK][store.pointer[PK]].state == "COMPLETE"


def test_success_before_its_objects_takes_them_in_all_the_same() -> None:
    late = change("a.csv", second=4)
    store = claimed([change(SUCCESS, size=0, second=5)], [late])
    (window,) = store.windows[PK].values()
    assert window.state == "COMPLETE"
    assert late.key in store.members()[window.drop]


def test_what_is_written_after_success_is_the_next_drop() -> None:
    store = claimed([change("a.csv", second=4), change(SUCCESS, size=0, second=5), change("b.csv", second=6)])
    assert len(store.windows[PK]) == 2
    assert store.members()[store.pointer[PK]] == {B.key}


def test_a_second_success_is_a_second_drop() -> None:
    store = claimed([A], [change(SUCCESS, size=0, second=5)])
    store.close(PK)
    claim([change(SUCCESS, size=0, second=9, sequencer="62")], store)
    assert [w.state for w in store.windows[PK].values()] == ["CLOSED", "COMPLETE"] or len(store.windows[PK]) == 2


def test_a_window_that_closed_before_its_object_was_recorded_is_followed_by_another() -> None:
    store = FakeStore()
    store.fail_after = 3  # sequencer, current, open; then the record fails
    with pytest.raises(ConnectionError):
        claim([A], store)
    store.fail_after = None
    store.close(PK)
    claim([A], store)
    assert store.members()[store.pointer[PK]] == {A.key}
    assert len(store.windows[PK]) == 2


def test_a_race_that_is_always_lost_comes_back_later() -> None:
    class Busy(FakeStore):
        def open(self, *_: Any) -> bool:
            return False

    with pytest.raises(ContentionError):
        claim([A], Busy())


EVENTS = st.lists(
    st.builds(
        change,
        st.sampled_from(["a.csv", "b.csv", "c d ü.csv", "e.csv"]),
        sequencer=st.sampled_from(["01", "0A", "0a01", "0B"]),
        kind=st.sampled_from(["Object Created", "Object Created", "Object Deleted"]),
    ),
    max_size=8,
)


@given(EVENTS, st.data())
def test_any_order_any_batches_any_duplicates_give_the_same_set(events: list[Change], data: st.DataObject) -> None:
    # S3 gives one kind of event to one sequencer of a key.
    events = list({(e.key, e.sequencer): e for e in events}.values())
    store = FakeStore()
    claim(events, store)
    told_again = data.draw(
        st.permutations(events + data.draw(st.lists(st.sampled_from(events)) if events else st.just([])))
    )
    other = FakeStore()
    while told_again:
        cut = data.draw(st.integers(1, len(told_again)))
        claim(told_again[:cut], other)
        told_again = told_again[cut:]
    assert [v[::2] for _, v in sorted(store.objects.items())] == [v[::2] for _, v in sorted(other.objects.items())]
    present = {k for k, (_, _, there) in other.objects.items() if there}
    assert set().union(*other.members().values()) == present
    assert len(other.windows.get(PK, {})) <= 1


@given(EVENTS, st.integers(0, 12))
def test_a_failure_anywhere_is_mended_by_a_repeat(events: list[Change], step: int) -> None:
    events = list({(e.key, e.sequencer): e for e in events}.values())
    store, whole = FakeStore(), FakeStore()
    claim(events, whole)
    store.fail_after = step
    try:
        claim(events, store)
    except ConnectionError:
        store.fail_after = None
        claim(events, store)
    assert {k: v[::2] for k, v in store.objects.items()} == {k: v[::2] for k, v in whole.objects.items()}
    assert len(store.members()) == len(whole.members())
