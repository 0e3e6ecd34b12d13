import math

import numpy as np
import pytest
from dropforge_jobs.numerics import numbers
from dropforge_jobs.values import LARGEST, moment, number
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("text", ["1", "-2.5", "+3", ".5", "5.", "1e3", "1E-3", "007"])
def test_number_reads_what_is_one(text):
    assert number(text) == float(text)


@pytest.mark.parametrize("text", ["1_000", "٣", "", "?", "1,5", "0x1F", "1 2", "nan", "--1", "abc"])
def test_number_refuses_the_rest(text):
    assert number(text) is None


def test_infinity_moves_to_the_end_of_the_range():
    assert number("inf") == LARGEST
    assert number("-Infinity") == -LARGEST
    assert number("1e400") == LARGEST
    assert numbers(["inf", "1"])[0].astype(np.float32).tolist() == [np.float32(LARGEST), 1.0]


def test_decimal_comma_only_where_the_table_has_it():
    assert number("1,5", decimal_comma=True) == 1.5
    assert number("1.5", decimal_comma=True) == 1.5


def test_numbers_marks_missing_and_odd():
    values, odd = numbers(["1", "?", "", "NA", "x", "2"])
    assert odd == [4]
    assert np.isnan(values[1:5]).all()
    assert values[[0, 5]].tolist() == [1, 2]


def test_both_ways_of_conversion_agree_on_underscores():
    assert numbers(["1", "1_0"])[1] == [1]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32)))
def test_fast_and_careful_conversion_agree(values):
    texts = [repr(value) for value in values]
    fast, odd = numbers(texts)
    careful, _ = numbers([*texts, "?"])
    assert odd == []
    assert fast.tolist() == careful[:-1].tolist()


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2024-02-29", "mdy", (2024, 2, 29, 0)),
        ("2024-2-9", "dmy", (2024, 2, 9, 0)),
        ("2024/02/29 13:30", "mdy", (2024, 2, 29, 13)),
        ("2024-02-29T13:30:15.123Z", "mdy", (2024, 2, 29, 13)),
        ("2024-02-29T23:30:00+02:00", "mdy", (2024, 2, 29, 23)),
        ("03/04/2024", "mdy", (2024, 3, 4, 0)),
        ("03/04/2024", "dmy", (2024, 4, 3, 0)),
        ("31.12.1999", "dmy", (1999, 12, 31, 0)),
        ("4 July 1776", "mdy", (1776, 7, 4, 0)),
        ("Jul 4, 1776", "mdy", (1776, 7, 4, 0)),
        ("04-Jul-1776", "mdy", (1776, 7, 4, 0)),
    ],
)
def test_moment_reads_common_dates(text, order, expected):
    wall, _ = moment(text, order)
    assert (wall.year, wall.month, wall.day, wall.hour) == expected


@pytest.mark.parametrize("text", ["2024-02-30", "31/12/1999x", "12", "13/13/2024", "2024-01/02", "4 Foo 2024", "", "?"])
def test_moment_refuses_what_is_no_date(text):
    assert moment(text, "mdy") is None


def test_days_are_counted_in_utc():
    _, days = moment("1970-01-02T02:00:00+02:00", "mdy")
    assert days == 1.0
    assert math.isclose(moment("1970-01-01T12:00", "mdy")[1], 0.5)
