import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import dropforge_jobs
import numpy as np
import pytest
from dropforge_jobs import tables
from dropforge_jobs.columns import Column
from dropforge_jobs.profile.levels import Levels, key_of, plain
from dropforge_jobs.profile.rows import Duplicates, RowSample, hashes, packed_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.jobs.profile_tables import HEADER, column, finding, people, profile_of

CODE = Path(dropforge_jobs.__file__).parent.parent


def test_the_figures_of_numbers_are_exact(tmp_path):
    numbers = [3.5, -2.0, 10.25, 3.5, 0.0, 7.0, 100.0, 12.5]
    text = "x,y\n" + "".join(f"{value},{place % 2}\n" for place, value in enumerate(numbers)) + "?,1\nNA,0\n"
    found = column(profile_of(tmp_path, text), "x")
    assert (found["kind"], found["missing"], found["distinct"], found["distinct_exact"]) == ("number", 2, 7, True)
    assert found["numbers"]["mean"] == pytest.approx(statistics.fmean(numbers), rel=1e-8)
    assert found["numbers"]["std"] == pytest.approx(statistics.stdev(numbers), rel=1e-8)
    assert (found["numbers"]["min"], found["numbers"]["max"]) == (-2.0, 100.0)
    assert found["numbers"]["quantiles"]["p50"] == 3.5
    assert found["top"][0] == {"value": "3.5", "count": 2}
    assert sum(found["histogram"]["counts"]) == len(numbers)


def test_each_kind_has_its_figures(tmp_path):
    found = profile_of(tmp_path, HEADER, "".join(people()), target="income")
    kinds = {each["name"]: each["kind"] for each in found.json["columns"]}
    assert kinds == {
        "id": "identifier",
        "age": "number",
        "colour": "category",
        "joined": "date",
        "note": "text",
        "always": "constant",
        "income": "boolean",
    }
    dates = column(found, "joined")["dates"]
    assert (dates["first"][:5], dates["last"][:5]) == ("2023-", "2023-")
    assert sum(each["count"] for each in column(found, "note")["lengths"]) == 400
    assert column(found, "age")["histogram"]["whole"]
    assert found.summary["target"]["problem"] == "binary"
    assert sum(each["count"] for each in found.summary["target"]["distribution"]) == 400
    assert found.summary["table"]["columns_count"] == 7
    assert found.summary["table"]["columns"][1] == {"name": "age", "kind": "number"}


FIELDS = st.one_of(
    st.sampled_from(
        ["", "?", "NA", "red", "green", "1", "2", "1.0", "2023-01-05", "31/12/2023", "inf", "1e400", "id 7"]
    ),
    st.integers(-50, 50).map(str),
    st.floats(allow_nan=False).map(repr),
    st.dates().map(str),
    st.text("abcdefgh äß", max_size=12).map(str.strip),
)


def kind_when_prepared(name, texts):
    prepared = Column(name)
    prepared.add(texts, np.ones(len(texts), dtype=bool))
    return prepared.describe()["kind"]


@settings(deadline=None)
@given(st.data())
def test_kinds_are_those_of_the_preparing_job(data):
    field = data.draw(st.sampled_from([FIELDS, FIELDS.map(str), st.integers(0, 3).map(str), st.dates().map(str)]))
    texts = data.draw(st.lists(field, min_size=1, max_size=80))
    name = data.draw(st.sampled_from(["c", "id", "user_id"]))
    with tempfile.TemporaryDirectory() as folder:
        lines = "".join(f"{text},{place}.5\n" for place, text in enumerate(texts))
        found = profile_of(Path(folder), f"{name},other\n{lines}", target="other")
    assert found.json["columns"][0]["kind"] == kind_when_prepared(name, texts)


@pytest.mark.parametrize(
    "texts",
    [
        [str(n) for n in range(30_000)],
        [str(n * 3) for n in range(30_000)],
        [f"key{n}" for n in range(30_000)],
        [f"n{n % 9}" for n in range(30_000)],
        [f"number {n} of many words" for n in range(30_000)],
        [str(n % 97) for n in range(20_000)] + [f"odd {n}" for n in range(150)],
        [f"{n % 11}.5" for n in range(20_000)] + ["-", "unknown"],
    ],
    ids=["numbering", "multiples", "keys", "few", "texts", "odd texts", "two odd"],
)
def test_kinds_of_long_columns_are_those_of_the_preparing_job(tmp_path, texts):
    found = profile_of(tmp_path, "c,d\n" + "".join(f"{text},{n % 7}\n" for n, text in enumerate(texts)))
    assert found.json["columns"][0]["kind"] == kind_when_prepared("c", texts)


def everything(found):
    """The profile without what is told of the files; means to eight digits."""
    content = {key: value for key, value in found.json.items() if key not in ("files", "files_count", "findings")}
    return json.loads(json.dumps(content), parse_float=lambda text: float(f"{float(text):.8g}"))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_order_of_rows_chunks_and_files_do_not_show(data):
    lines = people(data.draw(st.integers(20, 200)), data.draw(st.integers(0, 5)))
    lines += data.draw(st.lists(st.sampled_from(lines), max_size=20))
    again = data.draw(st.permutations(lines))
    cut = data.draw(st.integers(1, len(lines) - 1))
    whole = tables.CHUNK_ROWS
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first = profile_of(Path(one), HEADER + "".join(lines), target="income")
        try:
            tables.CHUNK_ROWS = data.draw(st.integers(1, 60))
            parts = [HEADER + "".join(again[:cut]), HEADER + "".join(again[cut:])]
            second = profile_of(Path(other), *parts, target="income")
        finally:
            tables.CHUNK_ROWS = whole
    assert everything(first) == everything(second)


def test_order_does_not_show_where_the_table_is_sampled(tmp_path, monkeypatch):
    monkeypatch.setattr("dropforge_jobs.profile.reader.EXACT_LEVELS", 60)
    monkeypatch.setattr("dropforge_jobs.profile.reader.RowSample", lambda: RowSample(rows=200))
    lines = people(3000)
    first = profile_of(tmp_path, HEADER + "".join(lines), target="income")
    random.Random(5).shuffle(lines)
    second = profile_of(tmp_path, HEADER + "".join(lines), target="income")
    assert not first.json["sample"]["exact"]
    assert not column(first, "joined")["distinct_exact"]
    assert everything(first) == everything(second)


def test_the_same_data_gives_the_same_profile_in_every_process(tmp_path):
    (tmp_path / "a.csv").write_text(HEADER + "".join(people(300)), encoding="utf-8")
    program = (
        "import sys, json; from pathlib import Path; from dropforge_jobs.tables import open_table;"
        "from dropforge_jobs.profile import *; t = open_table(Path(sys.argv[1]), 'income', None, 'skip');"
        "p = profile_table(t, ProfileSettings('income')); print(json.dumps([p.json, p.html]));"
        "print([m for m in ('numpy', 'pandas', 'boto3', 'pydantic', 'dropforge') if m in sys.modules])"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(CODE)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert told[0].splitlines()[1] == "[]"


def test_a_wide_table_takes_little_memory(tmp_path):
    columns, rows = 1500, 60
    chance = random.Random(2)
    with (tmp_path / "a.csv").open("w") as file:
        file.write(",".join(f"f{n}" for n in range(columns)) + "\n")
        for _ in range(rows):
            file.write(",".join(f"{chance.random():.6f}" for _ in range(columns)) + "\n")
    program = (
        "import sys, json; from pathlib import Path; from dropforge_jobs.tables import open_table;"
        "from dropforge_jobs.profile import *; t = open_table(Path(sys.argv[1]), 'f7', None, 'skip');"
        "p = profile_table(t, ProfileSettings('f7')); assert len(p.json['columns']) == 1500;"
        # Not getrusage: that begins with what the parent had when it forked.
        "told = Path('/proc/self/status').read_text(); print(len(p.html), told.split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(CODE)},
        capture_output=True,
        text=True,
        check=True,
    )
    size, kib = map(int, done.stdout.split())
    assert kib < 256 * 1024
    assert size < 2_000_000


@pytest.mark.parametrize("form", ["{}", "{:08}", "key{}", "{}.25", "2024-{}"])
def test_distinct_is_estimated_beyond_the_bound(form):
    levels = Levels(1000)
    texts = [form.format(n) for n in range(40_000)]
    for start in range(0, len(texts), 4096):
        levels.add(texts[start : start + 4096])
        levels.add(texts[start : start + 2048])
    assert not levels.exact
    assert len(levels.counts) <= 1000
    assert levels.distinct == pytest.approx(40_000, rel=0.1)
    assert set(levels.counts.values()) <= {1, 2}


def test_what_is_left_of_many_levels_is_counted_from_the_first_on():
    chance = random.Random(0)
    texts = [f"t{int(chance.expovariate(0.002))}" for _ in range(20_000)]
    levels = Levels(100)
    for start in range(0, len(texts), 100):
        levels.add(texts[start : start + 100])
    counts = Counter(texts)
    assert levels.counts == {text: counts[text] for text in levels.counts}


def test_long_texts_are_told_apart_and_kept_short():
    long = "a" * 5000
    assert key_of(long) != key_of(long + "b")
    assert len(key_of(long)) < 60
    assert plain(key_of(long)) == "a" * 40 + "…"
    assert key_of("short") == "short" == plain("short")


class Rows:
    """As much of a chunk as the row counters need."""

    def __init__(self, rows, file="a.csv"):
        self.columns = list(zip(*rows, strict=True))
        self.file, self.lines = file, list(range(2, len(rows) + 2))

    def shown(self, row):
        return ",".join(texts[row] for texts in self.columns)


def count(duplicates, rows, size=100):
    for start in range(0, len(rows), size):
        chunk = Rows(rows[start : start + size])
        duplicates.add(chunk, hashes(packed_rows(chunk.columns)))
    return duplicates


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9).map(str), st.integers(0, 9).map(str)), min_size=1, max_size=300))
def test_duplicates_are_counted_exactly(rows):
    found = count(Duplicates(), rows).describe()
    assert found == {"count": len(rows) - len(set(rows)), "exact": True}


def test_duplicates_are_estimated_beyond_the_bound():
    rows = [(str(n), "x") for n in range(20_000)] + [(str(n), "x") for n in range(0, 20_000, 4)]
    found = count(Duplicates(bound=4000), rows).describe()
    assert not found["exact"]
    assert found["count"] == pytest.approx(5000, rel=0.15)


def test_no_duplicates_are_made_up_beyond_the_bound():
    assert count(Duplicates(bound=1000), [(str(n),) for n in range(10_000)]).describe()["count"] == 0


def test_one_row_a_million_times_is_counted():
    rows = [("same",)] * 9000 + [(str(n),) for n in range(500)]
    found = count(Duplicates(bound=4000), rows).describe()
    assert found["count"] == 8999


def test_a_sample_is_the_whole_of_a_small_table():
    sample = RowSample()
    rows = [(str(n % 50), "x\x1fy") for n in range(100)]
    chunk = Rows(rows)
    packed = packed_rows(chunk.columns)
    sample.add(chunk, packed, hashes(packed))
    assert sample.exact
    assert sorted(count for _, count, _ in sample.sorted()) == [2] * 50


def test_what_cannot_be_written_elsewhere_is_shown_as_escapes(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(
        b"\n".join(b'{"a\\u001b[31m": "\\u202e%d", "b": "\\u0007", "c": %d}' % (n, n % 2) for n in range(30))
    )
    table = tables.open_table(tmp_path, "c", None, "skip")
    found = profile_table_of(table, "c")
    text = json.dumps(found.json, ensure_ascii=False, allow_nan=False) + found.html
    assert text.encode("utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "a\\x1b[31m" in found.json["columns"][0]["name"]


def profile_table_of(table, target):
    from dropforge_jobs.profile import ProfileSettings, profile_table

    return profile_table(table, ProfileSettings(target))


@pytest.mark.parametrize("text", ["a,b\n", "a,b\n1,x\n", "a,b\n,\n", "a,b\ninf,1e999\n-inf,NaN\n"])
def test_next_to_nothing_is_no_reason_to_fail(tmp_path, text):
    found = profile_of(tmp_path, text, target="b")
    json.dumps(found.json, allow_nan=False)
    assert finding(found, "too_few_rows")["count"] <= 2
    assert found.html


def test_the_ends_of_time_and_of_numbers(tmp_path):
    rows = [f"0001-01-01 00:00 +14:00,{n % 2},{10**16 + n},1e38\n" for n in range(40)]
    rows += [f"9999-12-31 23:59 -12:00,{n % 2},{-(10**16)},-1e39\n" for n in range(40)]
    found = profile_of(tmp_path, "when,y,big,huge\n" + "".join(rows), target="y")
    json.dumps(found.json, allow_nan=False)
    assert column(found, "when")["dates"]["first"] == "0001-01-01 00:00"
    assert column(found, "huge")["numbers"]["min"] == pytest.approx(-3.4028e38, rel=1e-4)
    assert "9999-12-31" in found.html


def test_seconds_since_1970_stay_apart(tmp_path):
    rows = "".join(f"{1_700_000_000 + n * n},{n % 2}\n" for n in range(60))
    found = column(profile_of(tmp_path, "at,y\n" + rows, target="y"), "at")
    assert found["numbers"]["max"] == 1_700_000_000 + 59 * 59
    assert len(set(found["histogram"]["edges"])) == len(found["histogram"]["edges"])
    assert len(found["histogram"]["counts"]) > 20


def test_decimal_commas_are_numbers(tmp_path):
    text = "x;z;y\n" + "".join(f"{n},5;{n};{'ab'[n % 2]}\n" for n in range(30))
    found = column(profile_of(tmp_path, text, target="y"), "x")
    assert found["kind"] == "number"
    assert found["numbers"]["max"] == 29.5
