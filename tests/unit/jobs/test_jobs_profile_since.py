"""What is told of two data sets that nobody reads again."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from dropforge_jobs.profile.since import since
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.jobs.profile_tables import HEADER, column, people, profile_of


def _profile(folder: Path, name: str, text: str, previous: Any = None) -> Any:
    (folder / name).mkdir()
    return profile_of(folder / name, text, target="income", previous=previous)


def _told(folder: Path, before: str, now: str) -> dict[str, Any]:
    first, second = (_profile(folder, name, text).json for name, text in (("before", before), ("now", now)))
    return since(first, second)


def test_the_same_table_has_not_moved(tmp_path: Path) -> None:
    table = HEADER + "".join(people(800))
    told = _told(tmp_path, table, table)
    assert told["rows"] == [800, 800]
    assert told["columns"] == [7, 7]
    assert not any(told["counts"].values())


def test_chance_is_not_a_move(tmp_path: Path) -> None:
    told = _told(tmp_path, HEADER + "".join(people(500, seed=1)), HEADER + "".join(people(700, seed=2)))
    assert told["moved"] == []
    assert told["rows"] == [500, 700]


def test_what_moved_is_said_in_the_columns_own_figures(tmp_path: Path) -> None:
    lines = people(800, seed=3, older=15)
    told = _told(tmp_path, HEADER + "".join(people(800)), HEADER + "".join(lines).replace("red", "pink"))
    moved = {found["name"]: found["text"] for found in told["moved"]}
    assert set(moved) == {"age", "colour"}
    assert moved["age"].startswith("median ")
    assert "the middle half from" in moved["age"]
    assert "'pink' 0 % → " in moved["colour"]
    assert "'red' " in moved["colour"]


def test_missing_values_are_said(tmp_path: Path) -> None:
    chance = random.Random(5)
    holes = [
        line if chance.random() < 0.6 else ",".join((line.split(",")[0], "", *line.split(",")[2:]))
        for line in people(800)
    ]
    told = _told(tmp_path, HEADER + "".join(people(800)), HEADER + "".join(holes))
    text = next(found["text"] for found in told["moved"] if found["name"] == "age")
    assert text.startswith(("missing in 0 % → 4", "missing in 0 % → 3"))


def test_the_target_comes_first_and_by_class(tmp_path: Path) -> None:
    lines = [line.rsplit(",", 1)[0] + (",rich\n" if row % 10 else ",poor\n") for row, line in enumerate(people(800))]
    balanced = [
        line.rsplit(",", 1)[0] + (",rich\n" if row % 2 else ",poor\n") for row, line in enumerate(people(800, older=30))
    ]
    told = _told(tmp_path, HEADER + "".join(balanced), HEADER + "".join(lines))
    first = told["moved"][0]
    assert (first["name"], first["target"]) == ("income", True)
    assert first["text"] == "'poor' 50.0 % → 10.0 %; 'rich' 50.0 % → 90.0 %"


def test_classes_that_are_numbers_are_told_one_by_one(tmp_path: Path) -> None:
    before = "income,x\n" + "".join(f"{row % 2},{row % 7}\n" for row in range(600))
    now = "income,x\n" + "".join(f"{int(row % 10 == 0)},{row % 7}\n" for row in range(600))
    told = _told(tmp_path, before, now)
    assert [found["text"] for found in told["moved"]] == ["'0' 50.0 % → 90.0 %; '1' 50.0 % → 10.0 %"]


def test_columns_that_came_and_went(tmp_path: Path) -> None:
    before = "income,price,gone\n" + "".join(f"{row % 2},{row % 90},{row % 3}\n" for row in range(300))
    now = "income,price_eur,extra_thing\n" + "".join(f"{row % 2},{row % 90},w{row % 4}\n" for row in range(300))
    told = _told(tmp_path, before, now)
    assert (told["missing"], told["new"]) == (["price", "gone"], ["price_eur", "extra_thing"])
    assert {"from": "price", "to": "price_eur"} in told["renamed"]
    assert told["counts"]["missing"] == 2


def test_only_the_first_are_told_and_all_are_counted(tmp_path: Path) -> None:
    names = ",".join(f"c{i}" for i in range(30))
    rows = ["".join(f"{(row * 7 + shift) % 97 + shift}," for shift in range(30)) + f"{row % 2}\n" for row in range(400)]
    far = [
        "".join(f"{(row * 7 + shift) % 97 + 500 + shift}," for shift in range(30)) + f"{row % 2}\n"
        for row in range(400)
    ]
    told = _told(tmp_path, f"{names},income\n" + "".join(rows), f"{names},income\n" + "".join(far))
    assert told["counts"]["moved"] == 30
    assert len(told["moved"]) == 10


def test_an_empty_column_and_another_kind_are_not_compared(tmp_path: Path) -> None:
    before = "income,x\n" + "".join(f"{row % 2},{row % 50}\n" for row in range(300))
    now = "income,x\n" + "".join(f"{row % 2},word{row % 5}\n" for row in range(300))
    told = _told(tmp_path, before, now)
    assert told["kinds"] == [{"name": "x", "before": "number", "now": "category"}]
    assert told["moved"] == []


@settings(max_examples=10)
@example(shift=3, spread=0.875, seed=1)
@given(shift=st.integers(0, 40), spread=st.floats(0.5, 2), seed=st.integers(0, 1000))
def test_it_agrees_with_the_drift_that_had_the_values(
    tmp_path_factory: pytest.TempPathFactory, shift: int, spread: float, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("since")
    chance = random.Random(seed)
    text = "income,x\n" + "".join(f"{row % 2},{chance.gauss(50, 15):.3f}\n" for row in range(700))
    other = "income,x\n" + "".join(f"{row % 2},{chance.gauss(50 + shift, 15 * spread):.3f}\n" for row in range(700))
    first = _profile(folder, "before", text)
    second = _profile(folder, "now", other, previous=first.json)
    exact = column(second, "x")["drift"]
    moved = {found["name"] for found in since(first.json, second.json)["moved"]}
    if abs(exact["value"] - exact["threshold"]) > 0.2 * exact["threshold"]:
        assert ("x" in moved) == exact["over"]
