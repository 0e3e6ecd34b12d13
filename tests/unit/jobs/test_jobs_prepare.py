import csv
import json
import tracemalloc

import numpy as np
import pytest
from dropforge_jobs import prepare
from dropforge_jobs.job import run
from dropforge_jobs.preprocessor import Preprocessor

from tests.unit.jobs.jobs_loop import make_job, read_part, table


def prepared(folder, settings, files, expected=0, **inputs):
    job = make_job(folder, settings, files, **inputs)
    code = run(prepare.main, ["--base", str(folder)])
    message = folder / "output" / "message"
    assert code == expected, message.read_text() if message.exists() else ""
    return job


def report(job):
    return json.loads((job.output / "preparation.json").read_text())


def contents(job):
    return {path.relative_to(job.output).as_posix(): path.read_bytes() for path in job.output.rglob("*.*")}


def test_a_table_with_everything(tmp_path):
    job = prepared(tmp_path, {"target": "label"}, {"a.csv": table()})
    found = report(job)
    assert [(c["name"], c["kind"]) for c in found["columns"]] == [
        ("id", "identifier"),
        ("age", "number"),
        ("colour", "category"),
        ("when", "date"),
        ("note", "text"),
        ("always", "constant"),
        ("label", "target"),
    ]
    assert (found["problem"], found["classes"], found["header"]) == ("binary", ["no", "yes"], True)
    assert found["rows"] == {"train": 140, "validation": 20, "test": 40}
    assert any("id" in warning for warning in found["warnings"])
    assert read_part(job, "train").shape == (140, 1 + found["features"])
    assert set(read_part(job, "validation")[:, 0]) == {0, 1}
    assert not (tmp_path / "output" / "message").exists()


def test_every_row_is_in_exactly_one_part(tmp_path):
    text = "".join(f"{n},{n * n % 97},{n % 2}\n" for n in range(200))
    job = prepared(tmp_path, {"target": 2, "passthrough": True, "split": {"test": 0.3}}, {"a.csv": text})
    parts = [(job.output / part / f"{part}.csv").read_text().splitlines() for part in report(job)["rows"]]
    assert sorted(row for part in parts for row in part) == sorted(text.splitlines())
    assert [len(part) for part in parts] == [120, 20, 60]


def test_same_input_same_bytes_and_files_may_be_cut_anywhere(tmp_path):
    text = table()
    head, _, body = text.partition("\n")
    lines = body.splitlines(keepends=True)
    rows = [first + second for first, second in zip(lines[::2], lines[1::2], strict=True)]  # each has a line break
    whole = contents(prepared(tmp_path / "a", {"target": "label"}, {"a.csv": text}))
    again = contents(prepared(tmp_path / "b", {"target": "label"}, {"a.csv": text}))
    cut = "".join(rows[:100])
    rest = "".join(rows[100:])
    two = {"1.csv": f"{head}\n{cut}", "2.csv": f"{head}\n{rest}"}
    divided = contents(prepared(tmp_path / "c", {"target": "label"}, two))
    assert whole == again == divided


def test_the_split_does_not_depend_on_the_order_of_rows(tmp_path):
    rows = [f"{n % 7},{n * 31 % 101},{n * n % 2}\n" for n in range(150)]
    one = prepared(tmp_path / "a", {"target": -1}, {"a.csv": "".join(rows)})
    two = prepared(tmp_path / "b", {"target": -1}, {"a.csv": "".join(reversed(rows))})
    for part in ("train", "validation", "test"):
        lines = [(job.output / part / f"{part}.csv").read_text().splitlines() for job in (one, two)]
        assert sorted(lines[0]) == sorted(lines[1])


def test_training_input_is_what_serving_makes_of_the_same_rows(tmp_path):
    """The rows that went into train.csv, sent through the stored preprocessor, give the numbers in it."""
    files = {"a.csv": table()}
    job = prepared(tmp_path / "a", {"target": "label"}, files)
    raw = prepared(tmp_path / "b", {"target": "label", "passthrough": True}, files)
    with (raw.output / "train" / "train.csv").open(newline="") as stream:
        rows = [[field.strip() for field in row] for row in csv.reader(stream, skipinitialspace=True)][1:]
    preprocessor = Preprocessor.load(job.output)
    matrix = preprocessor.transform(list(zip(*rows, strict=True))[:-1])
    assert np.array_equal(read_part(job, "train")[:, 1:].astype(np.float32), matrix, equal_nan=True)


def test_test_rows_stay_as_dropped(tmp_path):
    text = table()
    job = prepared(tmp_path, {"target": "label"}, {"a.csv": text})
    test = (job.output / "test" / "test.csv").read_text()
    assert test.startswith("id,age, colour ,when,note,always,label\n")
    assert test.split("\n", 1)[1].splitlines()[0] in text


def test_headerless_with_names_and_targets_by_index(tmp_path):
    named = prepared(tmp_path / "a", {"target": "y", "columns": ["y", "x", "z"]}, {"a.csv": "1,2,3\n0,1,3\n" * 30})
    assert [c["name"] for c in report(named)["columns"]] == ["y", "x", "z"]
    first = prepared(tmp_path / "b", {"target": 0}, {"a.csv": "1,2,3\n0,1,3\n" * 30})
    assert report(first)["target"] == "column_0"
    assert report(first)["target_index"] == 0


def test_rows_without_target_are_left_out(tmp_path):
    job = prepared(tmp_path, {"target": "y"}, {"a.csv": "x,y\n" + "1,a\n2,b\n3,?\n" * 20})
    found = report(job)
    assert sum(found["rows"].values()) == 40
    assert found["warnings"][0] == "20 of 60 rows have no 'y' and were left out"


def test_own_validation_drop(tmp_path):
    job = prepared(
        tmp_path,
        {"target": "y"},
        {"a.csv": "x,y\n" + "1,a\n2,b\n3,a\n" * 20},
        validation={"v.csv": b"x,y\n7,a\n8,b\n9,c\n"},
    )
    found = report(job)
    assert found["rows"] == {"train": 48, "validation": 2, "test": 12}
    assert read_part(job, "validation").tolist() == [[0, 7], [1, 8]]
    assert any("validation: 1 rows" in warning for warning in found["warnings"])


def test_own_validation_drop_of_another_shape(tmp_path):
    files = {"a.csv": "x,y\n" + "1,a\n2,b\n" * 20}
    prepared(tmp_path, {"target": "y"}, files, 1, validation={"v.csv": b"z,y\n7,a\n8,b\n"})
    assert "columns differ" in (tmp_path / "output" / "message").read_text()


def test_a_group_stays_together_and_is_not_learnt(tmp_path):
    rows = "".join(f"p{n % 20},{n},{n * 7 % 5},{n % 2}\n" for n in range(200))
    split = {"by": {"group": "patient"}}
    job = prepared(tmp_path, {"target": "y", "split": split}, {"a.csv": "patient,n,x,y\n" + rows})
    assert report(job)["columns"][0] == {"name": "patient", "kind": "group"}
    tested = {line.split(",")[0] for line in (job.output / "test" / "test.csv").read_text().splitlines()[1:]}
    assert len(tested) == 4
    assert report(job)["rows"]["test"] == 40


def test_the_newest_are_tested(tmp_path):
    rows = [f"{1 + n // 28:02}/{1 + n % 28:02}/2024,{n * 13 % 17},{n % 2}\n" for n in range(100)]
    text = "day,x,y\n" + "".join(rows[50:] + rows[:50])
    job = prepared(tmp_path, {"target": "y", "split": {"by": {"time": "day"}}}, {"a.csv": text})
    tested = (job.output / "test" / "test.csv").read_text().splitlines(keepends=True)[1:]
    assert sorted(tested) == sorted(rows[80:])


@pytest.mark.parametrize(
    ("settings", "text", "message"),
    [
        ({"target": "z"}, "x,y\n1,2\n", "target 'z'"),
        ({"target": "y"}, "x,y\n", "header and no rows"),
        ({"target": "y"}, "x,y\n1,a\n2,a\n", "same value 'a'"),
        ({"target": "y"}, "x,y\n1,a\n2,b\n", "too few"),
        ({"target": "y"}, "x,y\n" + "1,a\n1,b\n" * 20, "no column is left to learn from: x (constant)"),
        ({"target": "y"}, "x,y\n" + "1,a\n2,b\n" * 20 + "3\n", "a.csv, line 42: 2 fields expected, 1 found"),
        ({"target": "y", "split": {"by": {"time": "when"}}}, "x,y\n" + "1,a\n2,b\n" * 20, "'when'"),
        ({"target": "y", "split": {"by": {"time": "x"}}}, "x,y\n" + "1,a\nsoon,b\n" * 20, "'soon'"),
        ({"target": "y", "split": {"test": 1}}, "x,y\n1,a\n", "less than 1"),
        ({}, "x,y\n1,a\n", "no column to learn"),
        ({"target": "y", "problem": "regression"}, "x,y\n" + "1,a\n2,b\n" * 20, "needs numbers"),
    ],
)
def test_refusals_are_told_in_a_kilobyte(tmp_path, capsys, settings, text, message):
    prepared(tmp_path, settings, {"a.csv": text}, expected=1)
    told = (tmp_path / "output" / "message").read_bytes()
    assert message in told.decode()
    assert len(told) <= 1024
    assert message in capsys.readouterr().err


def test_a_long_message_is_cut_at_a_character(tmp_path):
    header = ",".join(f"größe{n}" for n in range(500))
    prepared(tmp_path, {"target": "ß" * 1200}, {"a.csv": header + "\n" + ",".join("1" * 500) + "\n"}, expected=1)
    assert 1020 <= len((tmp_path / "output" / "message").read_bytes()) <= 1024


def test_the_base_may_come_from_the_environment(tmp_path, monkeypatch):
    job = make_job(tmp_path, {"target": "y"}, {"a.csv": "x,y\n" + "1,a\n2,b\n" * 20})
    monkeypatch.setenv("DROPFORGE_OPT_ML", str(tmp_path))
    assert run(prepare.main, []) == 0
    assert report(job)["problem"] == "binary"


def test_a_script_without_target_gets_its_parts(tmp_path):
    text = "".join(f"{n};{n % 3}\r\n" for n in range(50))
    job = prepared(tmp_path, {"passthrough": True, "columns": ["a", "b"]}, {"a.csv": text})
    assert report(job)["problem"] is None
    assert report(job)["rows"] == {"train": 35, "validation": 5, "test": 10}
    assert (job.output / "train" / "train.csv").read_bytes().endswith(b"\r\n")
    assert not (job.output / "preprocessor.json").exists()


def test_memory_does_not_grow_with_the_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("dropforge_jobs.tables.CHUNK_ROWS", 500)

    def peak(rows):
        text = "".join(f"{n % 89},{n % 83}.5,word{n % 40},{n % 2}\n" for n in range(rows))
        make_job(tmp_path / str(rows), {"target": -1}, {"a.csv": text})
        tracemalloc.start()
        assert run(prepare.main, ["--base", str(tmp_path / str(rows))]) == 0
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(2_000), peak(8_000)
    # 6,000 rows more may cost their hash, label and part, but not their text (some 300 bytes in Python).
    assert many - few < 6_000 * 100


def test_a_split_that_leaves_one_class_to_learn(tmp_path):
    rows = "".join(f"{n},{n * 7 % 5},{'old' if n < 70 else 'new'}\n" for n in range(100))
    settings = {"target": "y", "split": {"by": {"time": "n"}}}
    prepared(tmp_path, settings, {"a.csv": "n,x,y\n" + rows}, expected=1)
    assert "all training rows are of the class 'old'" in (tmp_path / "output" / "message").read_text()


def test_a_class_that_only_later_rows_have_is_told(tmp_path):
    rows = "".join(f"{n},{n * 7 % 5},{'c' if n > 90 else 'ab'[n % 2]}\n" for n in range(100))
    settings = {"target": "y", "split": {"by": {"time": "n"}}}
    job = prepared(tmp_path, settings, {"a.csv": "n,x,y\n" + rows})
    assert "no training row has the classes c" in report(job)["warnings"]


def test_own_validation_drop_of_a_script_stays_as_dropped(tmp_path):
    files = {"a.csv": "x,y\n" + "1,a\n2,b\n3,a\n" * 20}
    job = prepared(tmp_path, {"passthrough": True}, files, validation={"v.csv": b"x,y\n7, a\n8,b\n"})
    assert report(job)["rows"] == {"train": 48, "validation": 2, "test": 12}
    assert (job.output / "validation" / "validation.csv").read_bytes() == b"x,y\n7, a\n8,b\n"


def test_a_semicolon_table_with_decimal_commas(tmp_path):
    rows = "".join(f"{n % 13},5;{n % 7},25;{n},75\n" for n in range(100))
    job = prepared(tmp_path, {"target": -1}, {"a.csv": rows})
    assert (report(job)["problem"], report(job)["delimiter"]) == ("regression", ";")
    assert {value % 1 for value in read_part(job, "train")[:, 0]} == {0.75}


LIMIT = 60 * 1024  # a quarter of what a state machine carries, for there is more beside it


def test_a_wide_table_has_a_small_summary(tmp_path):
    names = [f"measurement_of_channel_{n}" for n in range(5000)]
    values = np.random.default_rng(0).random((60, len(names))).round(3)
    rows = [",".join([*map(str, row), "ny"[n % 2]]) for n, row in enumerate(values.tolist())]
    job = prepared(tmp_path, {"target": "label"}, {"a.csv": "\n".join([",".join([*names, "label"]), *rows]) + "\n"})
    found = report(job)
    assert len(found["columns"]) == 5001
    assert len((job.output / "preparation.json").read_bytes()) > 256 * 1024
    summary = (job.output / "summary.json").read_bytes()
    assert len(summary) < LIMIT
    assert json.loads(summary) == {key: found[key] for key in ("problem", "rows", "features", "learnt")} | {
        "classes": 2,
        "warnings": found["warnings"][:20],
    }


def test_many_classes_of_long_labels_have_a_small_summary(tmp_path):
    labels = [f"{'a long label ' * 20}{n}" for n in range(1000)]
    text = "x,y\n" + "".join(f"{n % 7},{label}\n" for n, label in enumerate(labels * 3))
    job = prepared(tmp_path, {"target": "y"}, {"a.csv": text})
    assert len(report(job)["classes"]) == 1000
    summary = (job.output / "summary.json").read_bytes()
    assert len(summary) < LIMIT
    assert json.loads(summary)["classes"] == 1000
