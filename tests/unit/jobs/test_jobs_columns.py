import json

import numpy as np
import pytest
from dropforge_jobs.columns import Column
from dropforge_jobs.encoders import ValueRefusedError, encode, feature_names
from dropforge_jobs.errors import ModelError
from dropforge_jobs.kinds import LEVELS
from dropforge_jobs.preprocessor import Preprocessor
from hypothesis import given
from hypothesis import strategies as st


def fit(texts, name="c", training=None, comma=False):
    column = Column(name, comma)
    column.add(texts, np.ones(len(texts), dtype=bool) if training is None else np.array(training))
    return column.describe()


def preprocessor(*columns, delimiter=","):
    return Preprocessor("regression", "y", len(columns), None, delimiter, True, list(columns))


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1.5", "2", "?", "4"] * 10, "number"),
        (["1", "2", "2", "4"] * 10, "number"),
        (["yes", "no"] * 10, "boolean"),
        (["yes", "no", "?"] * 10, "category"),
        (["a", "b", "c"] * 10, "category"),
        (["x"] * 10, "constant"),
        (["?"] * 10, "constant"),
        (["7"] * 10, "constant"),
        ([f"2024-01-{day:02}" for day in range(1, 29)], "date"),
        ([f"key{n:05}" for n in range(100)], "identifier"),
        ([str(n) for n in range(100, 0, -1)], "identifier"),
        ([f"some words of text number {n}" for n in range(100)], "text"),
        ([f"city {n % 90}" for n in range(500)], "category"),
    ],
)
def test_kinds(texts, kind):
    assert fit(texts)["kind"] == kind


def test_unique_numbers_are_an_identifier_by_name_only():
    texts = [str(n * n) for n in range(50)]
    assert fit(texts, "area")["kind"] == "number"
    assert fit(texts, "paid")["kind"] == "number"
    for name in ("id", "user_id", "customerId", "Unnamed: 0"):
        assert fit(texts, name)["kind"] == "identifier"


def test_missing_numbers_and_a_few_odd_texts_are_missing():
    found = fit(["1", "2.5", "", "-"] + ["3"] * 200)
    assert found == {"name": "c", "kind": "number", "blanks": ["-"]}
    assert np.isnan(encode(found, ["-", "?", ""])).all()
    with pytest.raises(ValueRefusedError, match="column 'c' expects a number, found 'x'") as caught:
        encode(found, ["1", "x"])
    assert caught.value.row == 1


def test_what_is_learnt_comes_from_training_rows_only():
    found = fit(["a", "b", "c", "secret"], training=[True, True, True, False])
    assert found["levels"] == ["a", "b", "c"]
    numbers = fit(["1", "2", "3", "odd"], training=[True, True, True, False])
    assert numbers == {"name": "c", "kind": "number", "blanks": ["odd"]}


def test_day_and_month_are_told_apart_by_the_data():
    assert fit(["03/04/2024", "25/04/2024"] * 5)["order"] == "dmy"
    assert fit(["03/04/2024", "04/25/2024"] * 5)["order"] == "mdy"


def test_date_parts():
    column = fit(["2024-02-29", "2024-03-01", "unknown"] + ["2023-01-01"] * 100)
    assert (column["kind"], column["time"], column["blanks"]) == ("date", False, ["unknown"])
    assert feature_names(column) == ["c.year", "c.month", "c.day", "c.weekday", "c.epoch_days"]
    rows = encode(column, ["1970-01-02", "unknown"])
    assert rows[0].tolist() == [1970, 1, 2, 4, 1]
    assert np.isnan(rows[1]).all()
    assert feature_names(fit(["2024-02-29 13:30", "2024-03-01 00:00"]))[-1] == "c.hour"


def test_categories_unseen_missing_and_rare():
    column = fit(["a"] * 3 + ["b"] * 2 + ["c", "?"])
    assert feature_names(column) == ["c=a", "c=b", "c=c", "c=(missing)"]
    assert encode(column, ["b", "?", "new"]).tolist() == [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    many = fit([f"n{n % 200}" for n in range(1000)])
    assert len(feature_names(many)) == LEVELS
    assert encode(many, ["new"])[0, -1] == 1


def test_booleans():
    column = fit(["M", "F"] * 5)
    assert encode(column, ["M", "F", "?", "X"])[:, 0].tolist()[:2] == [1, 0]
    assert np.isnan(encode(column, ["?", "X"])).all()


def test_text_is_hashed_the_same_everywhere():
    column = {"name": "t", "kind": "text"}
    row = encode(column, ["The cat, the HAT", "?"])
    assert row.shape == (2, 258)
    assert row[0, :256].sum() == 4
    assert row[0, 230] == 2  # crc32("the") = 0x3c456de6
    assert row[0, 256:].tolist() == [4, 16]
    assert np.isnan(row[1, 256:]).all()


def test_decimal_comma_in_a_semicolon_table():
    column = fit(["1,5", "2,5", "3"] * 9, comma=True)
    assert column["kind"] == "number"
    assert preprocessor(column, delimiter=";").transform([["1,5", "2.5"]]).tolist() == [[1.5], [2.5]]


NUMBERS = st.one_of(st.sampled_from(["", "?", "NA"]), st.floats(allow_nan=False, width=32).map(repr))
WORDS = st.text(max_size=6).map(str.strip)
DATES = st.dates().map(str)


@given(st.lists(st.tuples(NUMBERS, WORDS, DATES), min_size=3, max_size=60))
def test_json_round_trip_gives_the_same_matrix(rows):
    columns = list(zip(*rows, strict=True))
    first = preprocessor(*(fit(texts, name) for texts, name in zip(columns, "abc", strict=True)))
    text = first.to_json()
    again = Preprocessor.from_json(text)
    assert again == first
    assert again.to_json() == text
    assert again.transform(columns).tobytes() == first.transform(columns).tobytes()
    assert first.transform(columns).shape == (len(rows), len(first.features))
    assert first.transform(columns).dtype == np.float32


@given(st.lists(st.tuples(NUMBERS, WORDS, DATES), min_size=3, max_size=30))
def test_a_row_is_encoded_alone_as_among_others(rows):
    columns = list(zip(*rows, strict=True))
    fitted = preprocessor(*(fit(texts, name) for texts, name in zip(columns, "abc", strict=True)))
    alone = np.vstack([fitted.transform([[field] for field in row]) for row in rows])
    assert alone.tobytes() == fitted.transform(columns).tobytes()


@pytest.mark.parametrize("change", [{"version": "dropforge.preprocessor/2"}, {"features": ["x"]}, {"extra": 1}])
def test_other_versions_are_refused(change):
    content = json.loads(preprocessor(fit(["1", "2"])).to_json()) | change
    with pytest.raises(ModelError, match=r"preprocessor\.json"):
        Preprocessor.from_json(json.dumps(content))


def test_damage_is_told():
    with pytest.raises(ModelError, match="damaged"):
        Preprocessor.from_json("{")


def test_many_different_odd_texts_are_all_missing():
    found = fit([str(n % 97) for n in range(20_000)] + [f"odd {n}" for n in range(150)])
    assert found == {"name": "c", "kind": "number", "blanks": None}
    assert np.isnan(encode(found, ["anything"])).all()


def test_dates_that_only_the_other_order_reads_are_missing():
    column = fit(["25/04/2024"] * 250 + ["04/13/2024", "0"])
    assert (column["order"], column["blanks"]) == ("dmy", ["04/13/2024"])
    assert np.isnan(encode(column, ["04/13/2024", "0"])).all()


def test_dates_among_numbers_are_odd():
    assert fit(["1", "2"] * 100 + ["2024-01-01"])["blanks"] == ["2024-01-01"]


def in_chunks(texts, size=4096):
    column = Column("c")
    for start in range(0, len(texts), size):
        part = texts[start : start + size]
        column.add(part, np.ones(len(part), dtype=bool))
    return column


def test_long_columns_are_told_apart_like_short_ones():
    rows = range(30_000)
    assert in_chunks([f"key{n}" for n in rows]).describe()["kind"] == "identifier"
    assert in_chunks([str(n * 3) for n in rows]).describe()["kind"] == "number"
    assert in_chunks([f"n{n % 9}" for n in rows]).describe()["kind"] == "category"
    assert in_chunks([str(int(n == 29_999)) for n in rows]).describe()["kind"] == "number"
    assert in_chunks([f"number {n} of many words" for n in rows]).describe()["kind"] == "text"


def test_columns_of_numbers_take_little_memory():
    column = in_chunks([f"{n}.5" for n in range(50_000)])
    assert len(column.levels) <= 1000


def test_a_validation_table_does_not_hide_an_identifier():
    column = in_chunks([str(n) for n in range(100)])
    column.add_unlearnt(["1", "2", "none"])
    assert column.describe()["kind"] == "identifier"
