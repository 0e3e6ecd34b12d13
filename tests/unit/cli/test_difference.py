"""What differs between a recorded decision and today's."""

from __future__ import annotations

import copy
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from cli.replay.difference import NOTHING, Difference, differences

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
NAMES = st.text("abc", min_size=1, max_size=3)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)


@settings(max_examples=40, deadline=None)
@given(VALUES)
def test_equal_values_do_not_differ(value: object) -> None:
    assert differences(value, copy.deepcopy(value)) == []


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), st.data())
def test_every_changed_field_is_told(value: dict[str, object], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(value)))
    other = {**value, name: "something else altogether"}
    found = differences(value, other)
    assert found
    assert all(d.field.startswith(name) for d in found)


def test_fields_that_came_and_went() -> None:
    found = differences({"a": {"b": 1, "gone": [1, 2]}}, {"a": {"b": 2, "new": True}})
    assert found == [
        Difference("a.b", 1, 2),
        Difference("a.gone", [1, 2], NOTHING),
        Difference("a.new", NOTHING, True),
    ]
    assert str(found[0]) == "a.b: 1 → 2"
    assert str(found[2]) == "a.new: (nothing) → true"


def test_json_in_text_is_compared_by_what_it_says() -> None:
    recorded, today = {"body": json.dumps({"x": 1, "y": 2})}, {"body": json.dumps({"y": 3, "x": 1}, indent=1)}
    assert differences(recorded, today) == [Difference("body.y", 2, 3)]


def test_true_is_not_one_but_a_whole_float_is() -> None:
    assert differences({"a": True}, {"a": 1}) == [Difference("a", True, 1)]
    assert differences({"a": 1.0}, {"a": 1}) == []


def test_what_is_left_out_is_not_compared() -> None:
    left_out = frozenset({"config"})
    assert differences({"config": "a", "x": {"config": "b"}}, {"config": "c", "x": {}}, leave_out=left_out) == []


def test_lists_of_another_length_differ_as_a_whole() -> None:
    assert differences({"a": [1, 2]}, {"a": [1, 3]}) == [Difference("a[1]", 2, 3)]
    assert differences({"a": [1, 2]}, {"a": [0, 1, 2]}) == [Difference("a", [1, 2], [0, 1, 2])]


def test_long_texts_are_shown_from_where_they_differ() -> None:
    told = str(Difference("a", "x" * 300 + "old", "x" * 300 + "new"))
    assert told == f'a: …{"x" * 20}old" → …{"x" * 20}new"'
