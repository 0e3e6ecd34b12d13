from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from training.head import SAMPLE_BYTES, read_head


def test_a_header_above_numbers() -> None:
    head = read_head(b"age, sex,income\n39, Male,<=50K\n50, ?,>50K\n", whole=True)
    assert (head.columns, head.fields, head.header) == (["age", "sex", "income"], 3, True)
    assert head.rows == [["39", "Male", "<=50K"], ["50", "?", ">50K"]]


def test_no_header() -> None:
    head = read_head(b"M,0.455,15\nF,0.53,9\n", whole=True)
    assert (head.columns, head.fields, head.header) == (None, 3, False)
    assert head.rows[0] == ["M", "0.455", "15"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (["a", "b"], ["1", "2"], ["3", "4"]))
    assert read_head(text.encode(), whole=True).columns == ["a", "b"]


def test_a_decimal_comma_is_no_delimiter() -> None:
    assert read_head(b"a;b\n1,5;2,5\n", whole=True).columns == ["a", "b"]


def test_a_line_that_was_cut_is_left_out() -> None:
    assert read_head(b"a,b\n1,2\n3,4\n5", whole=False).fields == 2


def test_a_header_longer_than_the_sample_is_not_counted() -> None:
    names = ",".join(f"a_rather_long_name_{i}" for i in range(5000)).encode()
    assert read_head(names[:SAMPLE_BYTES], whole=False).fields == 0


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    assert read_head("\ufeffa,b\n1,2\n".encode(), whole=True).columns == ["a", "b"]


@pytest.mark.parametrize("sample", [b"", b"one\ntwo\n", b"a,b\n1,2,3\n", b"PAR1\0\0,", b"\xff\xfe,a\n", b'a,"b\n1,2'])
def test_where_it_is_not_certain_it_says_nothing(sample: bytes) -> None:
    assert read_head(sample, whole=True).fields == 0


def test_a_very_wide_table_is_only_counted() -> None:
    names = ",".join(f"column_{i}" for i in range(2000))
    head = read_head(f"{names}\n{','.join(['1'] * 2000)}\n".encode(), whole=True)
    assert (head.fields, head.header, head.columns, head.rows) == (2000, True, None, [])


@given(st.binary(max_size=200), st.booleans())
def test_nothing_makes_it_fail(sample: bytes, whole: bool) -> None:
    head = read_head(sample, whole)
    assert head.fields == 0 or head.fields >= 2
