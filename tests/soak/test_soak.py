"""A few of the sequences of `make soak`, always the same; and that a broken promise would be seen."""

from __future__ import annotations

from collections import Counter

import pytest
from intake import claims, list_drop

from tests.soak import promises, run, sequence
from tests.soak.choices import Choices, shrink

SEQUENCES = 200


@pytest.mark.parametrize("first", range(0, SEQUENCES, 50))
def test_every_promise_holds(first: int) -> None:
    failed, _ = run.first_failure(range(first, first + 50))
    assert failed is None, run.told(failed)


def test_the_sequences_come_to_every_outcome() -> None:
    worlds = [sequence.play(Choices(seed)) for seed in range(60)]
    windows = [w for world in worlds for folder in world.store.windows.values() for w in folder.values()]
    outcomes = Counter(w.get("outcome") for w in windows)
    assert min(outcomes[name] for name in ("ACCEPTED", "REFUSED", "HELD", "EMPTY")) >= 3
    assert {"quiet period", "_SUCCESS", "manifest"} <= {
        w.get("reason") for w in windows if w.get("outcome") == "ACCEPTED"
    }
    assert {"SUCCEEDED", "IGNORED"} <= {run["status"] for world in worlds for run in world.runs.values()}
    lines = [line for world in worlds for line in world.log]
    for what in ("killed: claim", "killed: intake", "killed: training", "Object Found", "Object Gone", "RESUME"):
        assert any(what in line for line in lines), what
    assert any(world.store.moved for world in worlds)


def broken(seeds: range) -> list[str]:
    return [line for seed in seeds for line in promises.broken(sequence.play(Choices(seed)))]


def test_a_change_that_counts_twice_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "is_newer", lambda change, known: True)
    assert any("was in a drop already" in line for line in broken(range(6, 8)))


def test_a_drop_that_forgets_an_object_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list_drop._list

    def short(facts: list_drop.ListDrop) -> tuple[list[dict[str, object]], dict[str, str]]:
        objects, said = whole(facts)
        return objects[1:], said

    monkeypatch.setattr(list_drop, "_list", short)
    assert any("whose list is" in line for line in broken(range(10)))


def test_a_reconciler_that_sees_nothing_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "reconcile", lambda world: True)
    assert any("nobody works on it" in line or "is in no drop" in line for line in broken(range(20)))


def test_a_counterexample_is_made_plain() -> None:
    def fails(given: list[int]) -> list[int] | None:
        choices = Choices(given=given)
        made = [choices.below(10) for _ in range(12)]
        return choices.made if max(made) > 6 else None

    first = Choices(1)
    assert fails([first.below(10) for _ in range(12)])
    assert sum(1 for n in shrink(first.made, fails) if n) == 1
