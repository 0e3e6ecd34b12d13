from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intake.changes import Change, read_event
from intake.claims import ContentionError, claim

from tests.soak.actors import Function, pause
from tests.unit.intake.fake_store import FakeStore
from tests.unit.intake.test_changes import s3_event

PK = "adult/train/"
SUCCESS = "adult/train/_SUCCESS"
FEW = settings(max_examples=60, deadline=None, derandomize=True)


def change(key: str, *, found: str | None = None, **more: Any) -> Change:
    event = s3_event(key if "/" in key else f"adult/train/{key}", **more)
    event["detail"]["object"]["version-id"] = f"v{event['detail']['object']['sequencer'].lower().lstrip('0')}"
    if found is not None:
        del event["detail"]["object"]["sequencer"]
        event["detail"]["listed_at"] = found
        event["detail-type"] = event["detail-type"].replace("Created", "Found").replace("Deleted", "Gone")
    read = read_event(event)
    assert isinstance(read, Change)
    return read


A, B, C = change("a.csv"), change("b.csv"), change("c.csv")


def claimed(*batches: list[Change]) -> FakeStore:
    store = FakeStore()
    for batch in batches:
        claim(batch, store)
    return store


def held(store: FakeStore) -> list[set[str]]:
    """The names that each drop holds, in the order of the drops."""
    return [{key.rsplit("/", 1)[1] for key in keys} for keys in store.members(PK).values()]


def test_objects_that_arrive_together_are_one_drop() -> None:
    store = claimed([A], [B, C])
    assert (held(store), store.states(PK)) == ([{"a.csv", "b.csv", "c.csv"}], ["OPEN"])


def test_a_duplicate_has_no_effect_at_all() -> None:
    store = claimed([A, A], [A])
    assert store.touches == 1


def test_a_duplicate_after_closing_opens_nothing() -> None:
    store = claimed([A])
    store.close(PK)
    claim([A], store)
    assert store.states(PK) == ["CLOSED"]


def test_overwriting_replaces_while_open_and_is_a_new_drop_after_closing() -> None:
    again, after = change("a.csv", sequencer="62"), change("a.csv", sequencer="63")
    store = claimed([A], [again])
    store.close(PK)
    claim([after, B], store)
    assert list(store.members(PK).values()) == [
        {A.key: again.identity},
        {A.key: after.identity, B.key: B.identity},
    ]


def test_deleting_takes_it_out_while_open_and_leaves_a_closed_drop_alone() -> None:
    store = claimed([A, B], [change("a.csv", sequencer="62", kind="Object Deleted")])
    store.close(PK)
    claim([change("b.csv", sequencer="62", kind="Object Deleted")], store)
    assert held(store) == [{"b.csv"}]


def test_zero_bytes_over_an_object_take_it_out_too() -> None:
    store = claimed([A, B], [change("a.csv", sequencer="62", size=0)])
    assert held(store) == [{"b.csv"}]


def test_an_older_event_of_a_key_changes_nothing() -> None:
    store = claimed([change("a.csv", sequencer="70")], [change("a.csv", sequencer="6F", kind="Object Deleted")])
    assert held(store) == [{"a.csv"}]


def test_a_deletion_opens_no_window_and_outlives_a_late_creation() -> None:
    store = claimed([change("a.csv", sequencer="62", kind="Object Deleted")], [A])
    assert (store.windows, held(store)) == ({}, [])


def test_success_completes_at_once() -> None:
    store = claimed([A], [change(SUCCESS, size=0, second=5)])
    assert store.states(PK) == ["COMPLETE"]


def test_success_before_its_objects_takes_them_in_all_the_same() -> None:
    store = claimed([change(SUCCESS, size=0, second=5)], [change("a.csv", second=4)])
    assert (held(store), store.states(PK)) == ([{"a.csv"}], ["COMPLETE"])


def test_what_is_written_after_success_is_the_next_drop() -> None:
    store = claimed([change("a.csv", second=4), change(SUCCESS, size=0, second=5), change("b.csv", second=6)])
    assert (held(store), store.states(PK)) == ([{"a.csv"}, {"b.csv"}], ["COMPLETE", "OPEN"])


def test_what_success_overtook_joins_its_drop_though_the_next_is_open() -> None:
    store = claimed([change(SUCCESS, size=0, second=5)], [change("b.csv", second=6)], [change("a.csv", second=4)])
    assert held(store) == [{"a.csv"}, {"b.csv"}]


def test_an_upload_in_parts_that_began_before_success_replaces_what_the_next_drop_holds() -> None:
    after, parts = change("a.csv", second=6), change("a.csv", sequencer="", second=4, found="2026-11-23T05:01:00+00:00")
    store = claimed([change(SUCCESS, size=0, second=5)], [after], [parts])
    assert list(store.members(PK).values()) == [{after.key: parts.identity}]


def test_what_was_deleted_before_success_leaves_its_drop_though_the_next_is_open() -> None:
    store = claimed([change("a.csv", second=1)], [change(SUCCESS, size=0, second=5)], [change("b.csv", second=6)])
    claim([change("a.csv", sequencer="62", kind="Object Deleted", second=4)], store)
    assert held(store) == [{"b.csv"}]


def test_a_second_success_is_a_second_drop() -> None:
    store = claimed([A], [change(SUCCESS, size=0, second=5)])
    store.close(PK)
    claim([change(SUCCESS, size=0, second=9, sequencer="62")], store)
    assert store.states(PK) == ["CLOSED", "COMPLETE"]


def test_a_manifest_lists_the_window_and_one_alone_opens_it() -> None:
    manifest = change("manifest.txt")
    store = claimed([A], [manifest])
    assert store.states(PK) == ["LISTED"]
    assert claimed([manifest]).states(PK) == ["LISTED"]


def test_a_window_that_closed_before_its_object_was_recorded_is_followed_by_another() -> None:
    store = failing_at("record")
    with pytest.raises(ConnectionError):
        claim([A], store)
    store.close(PK)
    claim([A], store)
    assert (held(store), store.states(PK)) == ([{"a.csv"}], ["CLOSED", "OPEN"])


def test_the_same_change_can_open_a_third_window_after_somebody_elses() -> None:
    store = failing_at("record")
    with pytest.raises(ConnectionError):
        claim([A], store)
    store.close(PK)
    claim([B], store)
    store.close(PK)
    claim([A], store)
    assert store.states(PK) == ["CLOSED", "CLOSED", "OPEN"]


def test_what_the_reconciler_found_and_its_late_event_are_one_change() -> None:
    store = claimed([change("a.csv", found="2026-11-23T05:01:00+00:00")], [A])
    assert (store.touches, held(store)) == (1, [{"a.csv"}])


def test_a_race_that_is_always_lost_comes_back_later() -> None:
    class Busy(FakeStore):
        def open(self, *_: Any) -> bool:
            return False

    with pytest.raises(ContentionError):
        claim([A], Busy())


def failing_at(place: str, after: int = 0) -> FakeStore:
    """A table that is away once, at the place's so-manieth time."""
    left = {"times": after}

    def fail(name: str) -> None:
        if place in ("", name):
            left["times"] -= 1
            if left["times"] == -1:
                raise ConnectionError("the table is away")

    return FakeStore(pause=fail)


EVENTS = st.lists(
    st.builds(
        change,
        st.sampled_from(["a.csv", "b.csv", "c d ü.csv", "manifest.txt"]),
        sequencer=st.sampled_from(["01", "0A", "0a01", "0B"]),
        kind=st.sampled_from(["Object Created", "Object Created", "Object Deleted"]),
    ),
    max_size=8,
)


def said_once(events: list[Change]) -> list[Change]:
    """S3 gives one kind of event to one sequencer of a key."""
    return list({(e.key, e.sequencer): e for e in events}.values())


def outcome(store: FakeStore) -> dict[str, tuple[str, bool]]:
    return {key: (item["identity"], item["present"]) for key, item in store.objects.items()}


@FEW
@given(EVENTS, st.data())
def test_any_order_any_batches_any_duplicates_give_the_same_set(events: list[Change], data: st.DataObject) -> None:
    events = said_once(events)
    store, other = claimed(events), FakeStore()
    more = data.draw(st.lists(st.sampled_from(events))) if events else []
    again = data.draw(st.permutations(events + more))
    while again:
        cut = data.draw(st.integers(1, len(again)))
        claim(again[:cut], other)
        again = again[cut:]
    assert outcome(other) == outcome(store)
    present = {key for key, (_, there) in outcome(other).items() if there and "manifest" not in key}
    assert set().union(*(keys for keys in other.members(PK).values()), set()) == present
    assert len(other.states(PK)) <= 1


@FEW
@given(EVENTS, st.integers(0, 30))
def test_a_failure_anywhere_is_mended_by_a_repeat(events: list[Change], step: int) -> None:
    events = said_once(events)
    whole, store = claimed(events), failing_at("", step)
    try:
        claim(events, store)
    except ConnectionError:
        claim(events, store)
    assert outcome(store) == outcome(whole)
    assert held(store) == held(whole)


@FEW
@given(EVENTS, EVENTS, st.data())
def test_two_functions_at_the_same_time_end_as_one_after_the_other(
    first: list[Change], second: list[Change], data: st.DataObject
) -> None:
    events = said_once(first + second)
    store = FakeStore(pause=pause)
    batches = (events[: len(events) // 2 + 1], events[len(events) // 3 :])  # some are told to both
    running = [Function(f"f{i}", lambda b=batch: claim(b, store)) for i, batch in enumerate(batches)]  # type: ignore[misc]
    while running:
        function = data.draw(st.sampled_from(running), label="next")
        function.step()
        if function.done:
            running.remove(function)
            assert function.failed is None
    assert outcome(store) == outcome(claimed(events))
    assert len(store.states(PK)) <= 1
