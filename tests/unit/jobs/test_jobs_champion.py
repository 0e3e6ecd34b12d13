"""A champion measured on a candidate's rows: the same rows, its own columns, and those that it learnt from told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dropforge_jobs import evaluate, prepare
from dropforge_jobs.errors import SettingsError
from dropforge_jobs.job import Job, run
from dropforge_jobs.learnt import Learnt, write_learnt
from dropforge_jobs.split import TRAIN, VALIDATION
from dropforge_jobs.task import read_task
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.jobs.jobs_loop import archive, evaluation_job, make_job, pack, train

SECTION = "binary_classification_metrics"


def rows(start: int, stop: int, header: str = "size,kind,way") -> str:
    """A table in which `way` follows from `size`; a row is the same whatever table it is in."""
    columns = header.split(",")
    lines = []
    for n in range(start, stop):
        row = {"size": f"{n % 97}.{n}", "kind": "abc"[n % 3], "way": "up" if n % 97 > 48 else "down", "new": str(n)}
        lines.append(",".join(row[name] for name in columns))
    return "\n".join([header, *lines]) + "\n"


def prepared(base: Path, text: str, **more: Any) -> Job:
    job = make_job(base, {"target": "way", **more}, {"a.csv": text})
    assert run(prepare.main, ["--base", str(base)]) == 0, (base / "output" / "message").read_text()
    return job


def measured(base: Path, candidate: Job, learnt: Job | None, packed: bytes, **more: Any) -> dict[str, Any] | str:
    """What the evaluating job writes down, or says as it fails; `learnt` prepared the rows that the champion knows."""
    job = evaluation_job(base, candidate, packed, **more)
    if learnt:
        for file in (learnt.output / "learnt").iterdir():
            job.input("learnt").mkdir(parents=True, exist_ok=True)
            (job.input("learnt") / file.name).write_bytes(file.read_bytes())
    if run(evaluate.main, ["--base", str(base)]):
        return (base / "output" / "message").read_text()
    found: dict[str, Any] = json.loads((job.output / "figures.json").read_text())
    return found


def test_both_are_measured_on_the_rows_that_the_champion_did_not_learn(tmp_path: Path) -> None:
    before = prepared(tmp_path / "1", rows(0, 400))
    now = prepared(tmp_path / "2", rows(100, 600), split={"seed": 7})
    champion = measured(tmp_path / "3", now, before, pack(before, train(before)), champion=True)
    candidate = measured(tmp_path / "4", now, before, pack(now, train(now)))
    assert isinstance(champion, dict)
    assert isinstance(candidate, dict)
    learnt = _lines(before, "train", "validation")
    tested = (now.output / "test" / "test.csv").read_text().splitlines()[1:]
    seen = sum(line in learnt for line in tested)
    assert 0 < seen < len(tested) == 100
    for figures in (champion, candidate):
        overlap = figures["overlap"]
        assert (overlap["checked"], overlap["rows"], overlap["seen"]) == (True, 100, seen)
        assert overlap["unseen"]["dataset"]["rows"] == 100 - seen
        assert figures["dataset"]["rows"] == 100
    assert champion["overlap"]["unseen"][SECTION]["accuracy"]["value"] <= 1


def test_a_grown_data_set_tests_hardly_a_row_that_was_learnt_before(tmp_path: Path) -> None:
    """The split goes by each row's hash, so what was held out once mostly is again."""
    before, now = prepared(tmp_path / "1", rows(0, 400)), prepared(tmp_path / "2", rows(0, 600))
    found = measured(tmp_path / "3", now, before, pack(before, train(before)), champion=True)
    assert isinstance(found, dict)
    assert found["overlap"]["seen"] <= 5


def _lines(job: Job, *parts: str) -> set[str]:
    """The rows of a drop that are not in its test part."""
    everything = (job.input("dataset") / "a.csv").read_text().splitlines()[1:]
    return set(everything) - set((job.output / "test" / "test.csv").read_text().splitlines())


def test_without_rows_in_common_nothing_more_is_measured(tmp_path: Path) -> None:
    before, now = prepared(tmp_path / "1", rows(0, 300)), prepared(tmp_path / "2", rows(1000, 1300))
    found = measured(tmp_path / "3", now, before, pack(before, train(before)), champion=True)
    assert isinstance(found, dict)
    assert found["overlap"] == {"checked": True, "rows": 60, "seen": 0}


def test_what_was_not_kept_is_said(tmp_path: Path) -> None:
    now = prepared(tmp_path / "1", rows(0, 300))
    packed = pack(now, train(now))
    found = measured(tmp_path / "2", now, None, packed, champion=True)
    assert isinstance(found, dict)
    assert found["overlap"] == {"checked": False, "reason": "the rows that it learnt from were not kept"}
    assert "overlap" not in measured(tmp_path / "3", now, None, packed)


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    before = prepared(tmp_path / "1", rows(0, 300))
    now = prepared(tmp_path / "2", rows(300, 700, "new,way,kind,size"))
    found = measured(tmp_path / "3", now, before, pack(before, train(before)), champion=True)
    assert isinstance(found, dict)
    assert found[SECTION]["accuracy"]["value"] > 0.95
    assert found["overlap"] == {"checked": False, "reason": "it learnt from rows with other columns"}


def test_another_order_of_columns_hides_no_row(tmp_path: Path) -> None:
    before = prepared(tmp_path / "1", rows(0, 300))
    now = prepared(tmp_path / "2", rows(0, 400, "way,kind,size"), split={"seed": 7})
    found = measured(tmp_path / "3", now, before, pack(before, train(before)), champion=True)
    assert isinstance(found, dict)
    assert found["overlap"]["checked"] is True
    assert found["overlap"]["seen"] > 0


@pytest.mark.parametrize(
    ("header", "target", "said"),
    [
        ("size,way", "way", "it was trained on a column that these rows lack: kind"),
        ("size,kind,way", "size", "it predicts 'way', not 'size'"),
    ],
)
def test_a_champion_of_other_data_says_why_it_cannot_be_measured(
    tmp_path: Path, header: str, target: str, said: str
) -> None:
    before = prepared(tmp_path / "1", rows(0, 300))
    now = prepared(tmp_path / "2", rows(300, 600, header), target=target)
    assert measured(tmp_path / "3", now, before, pack(before, train(before)), champion=True) == said


SCRIPT = """
class Model:
    def predict(self, rows):
        return [["up", "down"][int(float(row[0]) <= 48)] for row in rows]

def model_fn(model_dir):
    return Model()

def input_fn(body, content_type):
    return [line.split(",") for line in body.splitlines()]

def output_fn(prediction, accept):
    return "\\n".join(prediction)
"""


def test_a_script_gets_its_columns_in_the_order_in_which_it_learnt_them(tmp_path: Path) -> None:
    before = prepared(tmp_path / "1", rows(0, 300), passthrough=True)
    now = prepared(tmp_path / "2", rows(300, 600, "kind,new,way,size"), passthrough=True)
    packed = archive({"code/train.py": SCRIPT.encode()})
    found = measured(tmp_path / "3", now, before, packed, script="train.py", champion=True)
    assert isinstance(found, dict), found
    assert found[SECTION]["accuracy"]["value"] > 0.9
    assert not (tmp_path / "3" / "processing" / "output" / "report.html").exists()


TEXT = st.text(st.characters(exclude_characters="\r\n\x00\ufeff", exclude_categories=["Cs"]), max_size=6)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=30, max_size=60), st.sampled_from(["a.csv", "a.jsonl"]))
def test_every_row_that_was_learnt_is_known_again(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[str, str]], file: str
) -> None:
    """What the test part holds as CSV has the hash that it had in the dropped file, whatever its format."""
    base = tmp_path_factory.mktemp("job")
    records = [{"n": str(n), "a": a, "b": b, "way": "ud"[n % 2]} for n, (a, b) in enumerate(found)]
    if file.endswith("jsonl"):
        text = "".join(json.dumps(record) + "\n" for record in records)
    else:
        quoted = (",".join('"' + v.replace('"', '""') + '"' for v in record.values()) for record in records)
        text = "n,a,b,way\n" + "\n".join(quoted) + "\n"
    job = make_job(base, {"target": "way", "passthrough": True}, {file: text})
    assert run(prepare.main, ["--base", str(base)]) == 0
    task = read_task(job, {"target": "way", "passthrough": True})
    task.parts[:] = TRAIN
    write_learnt(base / "all", task)
    learnt = Learnt.load(base / "all")
    tested = make_job(base / "2", {"target": "way", "passthrough": True}, {})
    (tested.input("dataset")).mkdir(parents=True, exist_ok=True)
    part = (job.output / "test" / "test.csv").read_bytes()
    (tested.input("dataset") / "test.csv").write_bytes(part)
    table = evaluate._test_table(
        evaluation_job(base / "3", job, b""), json.loads((job.output / "preparation.json").read_text()), base
    )
    for chunk in table.chunks():
        assert learnt.seen(chunk, table.names).all()


def test_rows_are_kept_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(tmp_path, {"target": "way"}, {"a.csv": rows(0, 200)})
    task = read_task(job, {"target": "way"})
    used = np.isin(task.parts, (TRAIN, VALIDATION))
    assert write_learnt(tmp_path / "kept", task) == used.sum() == 160
    assert len(Learnt.load(tmp_path / "kept").hashes) == 160
    monkeypatch.setattr("dropforge_jobs.learnt.MOST_ROWS", 100)
    assert write_learnt(tmp_path / "not kept", task) == 0
    assert not (tmp_path / "not kept").exists()
    with pytest.raises(SettingsError, match="learnt: cannot be read"):
        Learnt.load(tmp_path / "not kept")
