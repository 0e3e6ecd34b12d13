"""How times, durations, sizes and tables are written."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from cli.text import clock, indented, moment, package_name, plural, print_table, seconds, size, took


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 s"),
        (0.44, "0.4 s"),
        (9.96, "10 s"),
        (41.9, "41 s"),
        (65, "1 min 05 s"),
        (7380, "2 h 03 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_durations(number: float, text: str) -> None:
    assert seconds(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 bytes"), (1023, "1023 bytes"), (12_084, "11.8 KiB"), (4 * 1024**3, "4.0 GiB")]
)
def test_sizes(number: int, text: str) -> None:
    assert size(number) == text


def test_times_are_told_in_utc() -> None:
    there = datetime(2026, 11, 27, 12, 0, 1, tzinfo=timezone(timedelta(hours=2)))
    assert clock(there) == "2026-11-27 10:00:01"
    assert clock("2026-11-27T10:00:01.345Z") == "2026-11-27 10:00:01"
    assert moment("2026-11-27") == datetime(2026, 11, 27, tzinfo=UTC)
    assert (moment("soon"), moment(None), clock(""), took(None, there)) == (None, None, "", "")
    assert took("2026-11-27T10:00:00Z", "2026-11-27T10:01:05Z") == "1 min 05 s"


def test_names_and_numbers() -> None:
    assert package_name("arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn/7") == "churn/7"
    assert package_name(None) == ""
    assert (plural(1, "object"), plural(10_000, "object"), plural(2, "class", "classes")) == (
        "1 object",
        "10,000 objects",
        "2 classes",
    )


def test_a_table_lines_up_and_tells_why_below_the_row() -> None:
    out = io.StringIO()
    rows = [(("a", "10"), "because [red]of[/red] that"), (("long name", "9,000"), None)]
    print_table(Console(file=out, width=40), ("name", "objects"), rows, right=(1,))
    assert out.getvalue().splitlines() == [
        "name       objects",
        "a               10",
        "    because [red]of[/red] that",
        "long name    9,000",
    ]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200), st.integers(40, 120), st.integers(0, 12))
def test_indented_text_keeps_within_the_width_and_loses_no_word(text: str, width: int, indent: int) -> None:
    out = io.StringIO()
    plain = "".join(c if c.isascii() and c.isprintable() else " " for c in text)
    indented(Console(file=out, width=width), plain, indent)
    lines = out.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    assert "".join(out.getvalue().split()) == "".join(plain.split())
