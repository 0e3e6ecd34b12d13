"""JSON Lines, Parquet and their like as tables, and all the way through the preparing job."""

from __future__ import annotations

import csv
import gzip
import io
import json

import numpy as np
import pyarrow as arrow
import pyarrow.parquet
import pytest
from dropforge_jobs import prepare
from dropforge_jobs.errors import TableError
from dropforge_jobs.files import DropFile
from dropforge_jobs.job import run
from dropforge_jobs.preprocessor import Preprocessor
from dropforge_jobs.tables import open_table

from tests.unit.jobs.jobs_loop import evaluation_job, full_loop, make_job, pack, read_part, table, train

ROWS = [{"age": n % 60 + 18, "colour": ["red", "blue"][n % 2], "y": ["no", "yes"][n % 3 == 0]} for n in range(200)]
NAMES = ["age", "colour", "y"]


def as_jsonl(rows, ensure_ascii=False):
    return "".join(json.dumps(row, ensure_ascii=ensure_ascii) + "\n" for row in rows).encode()


def as_parquet(rows, **options):
    target = io.BytesIO()
    arrow.parquet.write_table(arrow.Table.from_pylist(rows), target, **options)
    return target.getvalue()


def as_csv(rows):
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return stream.getvalue().encode()


def rows_of(found):
    return [list(row) for chunk in found.chunks() for row in zip(*chunk.columns, strict=True)]


def prepared(folder, settings, files, expected=0, **inputs):
    job = make_job(folder, settings, files, **inputs)
    code = run(prepare.main, ["--base", str(folder)])
    message = folder / "output" / "message"
    assert code == expected, message.read_text() if message.exists() else ""
    return job


def report(job):
    return json.loads((job.output / "preparation.json").read_text())


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("write", "kind"), [(as_csv, "csv"), (as_jsonl, "jsonl"), (as_parquet, "parquet")])
def test_the_same_rows_are_the_same_table_in_every_format(tmp_path, write, kind, zipped):
    data = write(ROWS)
    (tmp_path / "data").write_bytes(gzip.compress(data) if zipped else data)
    found = open_table(tmp_path, "y")
    assert (found.format, found.compression) == (kind, "gzip" if zipped else "none")
    assert (found.names, found.header, found.delimiter) == (NAMES, True, ",")
    assert rows_of(found) == [[str(row["age"]), row["colour"], row["y"]] for row in ROWS]
    assert [line for chunk in found.chunks() for line in chunk.lines][:3] == ([2, 3, 4] if kind == "csv" else [1, 2, 3])


def test_the_same_rows_make_the_same_model_input_in_every_format(tmp_path):
    jobs = [
        prepared(tmp_path / name, {"target": "y"}, {f"a.{name}": write(ROWS)})
        for name, write in {"csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet}.items()
    ]
    for part in ("train", "validation", "test"):
        first, *others = [(job.output / part / f"{part}.csv").read_bytes() for job in jobs]
        assert all(other == first for other in others), part
    assert [report(job)["format"] for job in jobs] == ["csv", "jsonl", "parquet"]


@pytest.mark.parametrize("write", [as_jsonl, as_parquet])
def test_the_whole_loop_of_one_model(tmp_path, write):
    source = list(csv.DictReader(io.StringIO(table(rows=300)), skipinitialspace=True))
    rows = [{name.strip(): value for name, value in row.items()} for row in source]
    result = full_loop(tmp_path, {"target": "label"}, {"drop": write(rows)}, rounds=20)
    assert result.preparation["header"] is True
    assert result.metrics["accuracy"] > 0.7


def test_a_script_gets_json_lines_as_they_were_dropped_and_tests_on_csv(tmp_path):
    lines = [f'{{"a" : {n},"y":"{"no" if n % 3 else "yes"}"}}\n' for n in range(60)]
    job = prepared(tmp_path, {"target": "y", "passthrough": True}, {"a.jsonl": "".join(lines)})
    parts = [(job.output / part / f"{part}.jsonl").read_text() for part in ("train", "validation")]
    test = (job.output / "test" / "test.csv").read_text().splitlines()
    assert test[0] == "a,y"
    assert {line for part in parts for line in part.splitlines(keepends=True)} <= set(lines)
    assert sum(part.count("\n") for part in parts) + len(test) - 1 == 60
    assert report(job)["rows"] == {
        "train": parts[0].count("\n"),
        "validation": parts[1].count("\n"),
        "test": len(test) - 1,
    }


def test_a_script_gets_parquet_as_csv(tmp_path):
    job = prepared(tmp_path, {"target": "y", "passthrough": True}, {"a.parquet": as_parquet(ROWS)})
    rows = list(csv.reader((job.output / "train" / "train.csv").open(newline="")))
    assert rows[0] == NAMES
    assert all(row in [[str(r["age"]), r["colour"], r["y"]] for r in ROWS] for row in rows[1:])


def test_validation_of_keyed_rows_may_be_in_another_order_and_format(tmp_path):
    other = as_jsonl([{"y": "yes", "colour": "red", "age": 20}, {"y": "no", "colour": "blue", "age": 30}])
    job = prepared(tmp_path, {"target": "y"}, {"a.parquet": as_parquet(ROWS)}, validation={"v.jsonl": other})
    assert report(job)["rows"]["validation"] == 2
    assert read_part(job, "validation")[:, 0].tolist() == [1, 0]


def test_what_a_script_is_tested_on_is_read_by_the_evaluation(tmp_path):
    job = prepared(tmp_path / "p", {"target": "y"}, {"a.jsonl": as_jsonl(ROWS)})
    evaluation = evaluation_job(tmp_path / "e", job, pack(job, train(job, 5)))
    from dropforge_jobs import evaluate

    assert run(evaluate.main, ["--base", str(evaluation.base)]) == 0


def test_torn_rows_are_left_out_by_policy_and_told(tmp_path):
    text = "x,y\n" + "1,a\n2,b\n3,a\n" * 20 + "4\n5,6,7\n"
    refused = make_job(tmp_path / "a", {"target": "y"}, {"a.csv": text})
    assert run(prepare.main, ["--base", str(refused.base)]) == 1
    settings = {"target": "y", "data": {"on_ragged": "skip"}}
    job = prepared(tmp_path / "b", settings, {"a.csv": text}, validation={"v.csv": b"x,y\n1,a\n2\n3,b\n"})
    found = report(job)
    assert found["rows"] == {"train": 48, "validation": 2, "test": 12}
    assert "2 rows have not 2 fields and were left out, the first in a.csv, line 62" in found["warnings"]
    assert "validation: 1 row has not 2 fields and were left out, the first in v.csv, line 3" in found["warnings"]


def test_an_unknown_policy_is_refused(tmp_path):
    prepared(tmp_path, {"target": "y", "data": {"on_ragged": "guess"}}, {"a.csv": "x,y\n1,a\n"}, expected=1)
    assert "on_ragged" in (tmp_path / "output" / "message").read_text()


def test_torn_rows_are_collected(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n3\n4,5,6\n" + "1,2\n" * 30 + "7\n" * 10)
    found = open_table(tmp_path, "y", on_ragged="skip")
    assert rows_of(found) == [["1", "2"]] * 30
    assert found.ragged.count == 12
    assert found.ragged.rows[0] == {"file": "a.csv", "line": 2, "text": "3"}
    assert len(found.ragged.rows) == 5
    list(found.chunks())
    assert found.ragged.count == 12, "each reading counts anew"


def test_chunks_are_bounded_by_cells_and_bytes(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text(("1,2,3,4\n") * 1000)
    monkeypatch.setattr("dropforge_jobs.limits.CHUNK_CELLS", 400)
    assert {len(chunk.lines) for chunk in open_table(tmp_path, 0).chunks()} == {100}
    monkeypatch.setattr("dropforge_jobs.limits.CHUNK_BYTES", 80)
    assert {len(chunk.lines) for chunk in open_table(tmp_path, 0).chunks()} == {10}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"a.csv": b"x,y\n1,2\n", "b.jsonl": b'{"x": 1, "y": 2}\n'},
            "b.jsonl: this is JSON Lines, but a.csv is delimited",
        ),
        (
            {"a.csv": b"x,y\n1,2\n", "b.csv": b"x;y\n1;2\n"},
            "b.csv: its fields are divided by ';', those of a.csv by ','",
        ),
        ({"a.csv": b"x,y\n1,2\n", "b.csv": b"x,z\n1,2\n3,4\n"}, r"b.csv: its columns \(x, z\) are not those of a.csv"),
        ({"a": as_parquet([{"x": 1}]), "b": as_parquet([{"z": 1}])}, r"b: its columns \(z\) are not those of a"),
    ],
)
def test_files_that_are_no_one_table(tmp_path, files, message):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=message):
        open_table(tmp_path)
    misfits = {}
    found = open_table(tmp_path, misfits=misfits)
    assert list(misfits) == [sorted(files)[1]]
    assert [file.name for file in found.files] == [sorted(files)[0]]


def test_columns_give_keyed_rows_their_order_and_may_not_contradict(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(as_jsonl(ROWS))
    assert open_table(tmp_path, columns=["y", "age", "colour"]).names == ["y", "age", "colour"]
    with pytest.raises(TableError, match="about the column 'size': the data have none"):
        open_table(tmp_path, columns=[*NAMES, "size"])
    with pytest.raises(TableError, match="about the column 'y': does not name it"):
        open_table(tmp_path, columns=NAMES[:2])


def test_encodings_are_told(tmp_path):
    def encoding(content):
        (tmp_path / "a.csv").write_bytes(content)
        found = open_table(tmp_path, "y")
        rows_of(found)
        return found.encoding

    text = "x,y\n1,ä\n"
    assert encoding(text.encode()) == "utf-8"
    assert encoding(b"\xef\xbb\xbf" + text.encode()) == "utf-8-sig"
    assert encoding(text.encode("utf-16")) == "utf-16-le"
    assert encoding(text.encode("cp1252")) == "windows-1252"


def test_without_pyarrow_a_parquet_file_is_told_so(tmp_path, monkeypatch):
    import sys

    (tmp_path / "a.parquet").write_bytes(as_parquet(ROWS))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TableError, match="no pyarrow"):
        open_table(tmp_path)


def test_the_reading_layer_needs_no_numpy(tmp_path):
    import subprocess
    import sys

    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
    code = (
        "import sys; sys.modules['numpy'] = sys.modules['pandas'] = None\n"
        "import dropforge_jobs.inspect, dropforge_jobs.checking\n"
        "from pathlib import Path; from dropforge_jobs.tables import open_table\n"
        "assert 'boto3' not in sys.modules and 'pyarrow' not in sys.modules\n"
        f"print(sum(len(c.lines) for c in open_table(Path({str(tmp_path)!r})).chunks()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "2", done.stderr


def test_names_of_files_are_those_of_the_drop(tmp_path):
    (tmp_path / "000001").write_text("x,y\n1,2\n3\n")
    found = open_table([DropFile("nice/name.csv", tmp_path / "000001")])
    with pytest.raises(TableError, match=r"nice/name.csv, line 3") as caught:
        rows_of(found)
    assert (caught.value.file, caught.value.line) == ("nice/name.csv", 3)


def test_parquet_serves_as_it_trained(tmp_path):
    job = prepared(tmp_path, {"target": "y"}, {"a.parquet": as_parquet(ROWS)})
    matrix = Preprocessor.load(job.output).transform([["20"], ["red"]])
    assert np.isfinite(matrix).all()
