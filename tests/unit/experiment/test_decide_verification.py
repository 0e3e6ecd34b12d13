from __future__ import annotations

import math
from typing import Any

import pytest
from dropforge_jobs import served
from experiment.answers import read_answer, same
from experiment.decide_verification import handler
from hypothesis import given
from hypothesis import strategies as st

EXAMPLE = {"row": 3, "sent": "1,2", "evaluated": '"yes"', "answered": '"no"'}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=3), v, max_size=3))


def decide(variant: str | None = None, **verification: Any) -> dict[str, Any]:
    found = {"sampled": True, "rows": 50, "answered": 50, "different": 0, "milliseconds": 12} | verification
    event = {"project": "churn", "run": "k3j9x0a1b2", "endpoint": "churn", "version": 4, "variant": variant}
    return handler(event | {"verification": found}, None)


def test_every_row_is_answered_as_it_was() -> None:
    decided = decide()
    assert decided["decision"] == "passed"
    assert decided["reason"] == "the live endpoint churn answered 50 held-out rows as when the model was evaluated"
    assert decided["figures"] == {
        "version": 4,
        "variant": None,
        "rows": 50,
        "answered": 50,
        "different": 0,
        "milliseconds": 12,
        "error": None,
        "examples": [],
    }


def test_one_row_is_answered_otherwise() -> None:
    decided = decide(different=1, examples=[EXAMPLE], variant="AllTraffic")
    assert decided["decision"] == "failed"
    assert decided["reason"] == (
        "the live endpoint churn (variant AllTraffic) answers 1 of 50 held-out rows otherwise than the "
        'evaluated model: row 3 is "no", and was "yes"'
    )


def test_fewer_answers_than_rows() -> None:
    assert decide(answered=1)["reason"] == "the live endpoint churn gave 1 answers to 50 held-out rows"


def test_no_answer_fails() -> None:
    decided = decide(answered=0, error={"code": "ModelError", "message": "Received server error (500)"})
    assert decided["decision"] == "failed"
    assert decided["reason"].endswith("gave no answer to held-out rows: ModelError: Received server error (500)")


def test_nothing_to_ask_is_no_failure() -> None:
    decided = decide(sampled=False, rows=0, answered=0)
    assert decided["decision"] == "skipped"
    assert "the run kept no rows" in decided["reason"]


@pytest.mark.parametrize(
    ("evaluated", "answered", "equal"),
    [
        ("yes", "yes", True),
        ("yes", "Yes", False),
        (0.1, 0.1 + 5e-8, True),
        (0.1, 0.1001, False),
        (1e6, 1e6 + 0.5, True),
        (1e-9, 0.0, True),
        ("0.25", "0.25000001", True),
        ("0.25", "0.26", False),
        ("0.25", 0.25, False),
        (1, 1.0, True),
        (1_000_000, 1_000_001, False),
        ("1000000", "1000001", False),
        ("007", "7", False),
        (True, 1, False),
        (1, True, False),
        (None, 0, False),
        ([0.1, 0.9], [0.1, 0.9], True),
        ([0.1, 0.9], [0.1], False),
        ({"label": "a", "scores": [0.5]}, {"scores": [0.5], "label": "a"}, True),
        ({"label": "a"}, {"label": "b"}, False),
        ({"label": "a"}, {"label": "a", "score": 1}, False),
        (0.5, math.nan, False),
    ],
)
def test_same(evaluated: Any, answered: Any, equal: bool) -> None:
    assert same(evaluated, answered) is equal


@given(VALUES)
def test_everything_is_the_same_as_itself(value: Any) -> None:
    assert same(value, value)


@given(VALUES, VALUES)
def test_it_does_not_matter_which_was_first(one: Any, other: Any) -> None:
    assert same(one, other) == same(other, one)


@pytest.mark.parametrize(
    "text",
    ['["a", "b"]', '{"predictions": [1, 2]}', '{"a": [1], "b": [2]}', "a\nb\n", "0.1, 0.9\n0.2, 0.8\n", "3", "", '"a"'],
)
def test_answers_are_read_as_the_evaluating_job_reads_them(text: str) -> None:
    assert read_answer(text) == served.read_answer(text)


@given(st.text())
def test_any_text_is_read_as_the_evaluating_job_reads_it(text: str) -> None:
    def outcome(read: Any) -> Any:
        try:
            return repr(read(text))
        except Exception as error:
            return type(error)

    assert outcome(read_answer) == outcome(served.read_answer)
