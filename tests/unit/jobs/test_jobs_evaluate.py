import json
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from dropforge_jobs import evaluate, prepare
from dropforge_jobs.answers import class_answers, numeric_answers
from dropforge_jobs.errors import JobError, ModelError
from dropforge_jobs.evaluate import figures, measure
from dropforge_jobs.job import run
from dropforge_jobs.served import read_answer

from tests.unit.jobs.jobs_loop import archive, evaluation_job, full_loop, make_job


def metric(evaluation, name):
    section = next(value for key, value in evaluation.items() if key.endswith("_metrics"))
    return section[name]["value"]


def test_labels_are_compared_as_labels_or_numbers():
    found = measure("binary", ["0", "1", "1", "0"], [0.0, "1", 1, "1.0"], ["0", "1"])
    assert metric(found, "accuracy") == 0.75
    assert found["dataset"]["rows"] == 4
    assert found["binary_classification_metrics"]["confusion_matrix"] == {"0": {"0": 1, "1": 1}, "1": {"0": 0, "1": 2}}


def test_the_last_class_is_positive():
    found = measure("binary", ["no", "yes", "yes", "yes"], ["no", "yes", "no", "no"], ["no", "yes"])
    assert metric(found, "recall") == pytest.approx(1 / 3)
    assert metric(found, "precision") == 1


@pytest.mark.parametrize(
    ("items", "expected", "has_table"),
    [
        (["b", "a"], [1, 0], False),
        ([["b", "0.9"], ["a", "0.8"]], [1, 0], False),
        ([1, 0], [1, 0], False),
        ([0.9, 0.2], [1, 0], True),
        ([[0.1, 0.9], [0.8, 0.2]], [1, 0], True),
        (
            [{"label": "b", "probabilities": {"a": 0.1, "b": 0.9}}, {"label": "a", "probabilities": {"a": 1}}],
            [1, 0],
            True,
        ),
        ([{"predicted_label": "b"}, {"predicted_label": "a"}], [1, 0], False),
    ],
)
def test_forms_of_answers(items, expected, has_table):
    places, table = class_answers(items, ["a", "b"])
    assert places.tolist() == expected
    assert (table is not None) == has_table


@pytest.mark.parametrize("items", [["c"], [7], [0.5, 3], [None]])
def test_answers_that_mean_nothing(items):
    with pytest.raises(ModelError, match="none of the classes"):
        class_answers(items, ["a", "b"])


def test_numbers_in_any_form():
    assert numeric_answers([1, "2.5", [3.5], {"value": 4}, {"score": 5}]).tolist() == [1, 2.5, 3.5, 4, 5]
    with pytest.raises(ModelError, match="'high' where a number"):
        numeric_answers(["high"])


@pytest.mark.parametrize(
    ("answer", "items"),
    [
        ("[1, 2]", [1, 2]),
        (b"a\nb\n", ["a", "b"]),
        ("a,0.5\nb,0.7\n", [["a", "0.5"], ["b", "0.7"]]),
        ('{"predictions": [1, 2]}', [1, 2]),
        ('{"predictions": [1, 2], "model": "m"}', [1, 2]),
        (np.array([1, 2]), [1, 2]),
        ("5", [5]),
    ],
)
def test_answers_are_read(answer, items):
    assert read_answer(answer) == items


def test_rows_with_unknown_labels_are_counted():
    found = measure("regression", ["1", "x", "3"], [1.0, 2.0, 3.5], None)
    assert found["dataset"] == {"rows": 2, "item_count": 2, "left_out": 1}
    with pytest.raises(JobError, match="no held-out row"):
        measure("regression", ["x"], [1.0], None)


def wave(rows=400):
    lines = (f"{n % 37},{'abc'[n % 3]},{'up' if (n % 37) > 18 else 'down'}\n" for n in range(rows))
    return "size,kind,way\n" + "".join(lines)


def test_the_loop_agrees_with_the_package(tmp_path):
    """What evaluation measures is what the packaged model answers to the same rows."""
    result = full_loop(tmp_path, {"target": "way"}, {"a.csv": wave()})
    rows = [line.split(",") for line in (result.prepared.output / "test" / "test.csv").read_text().splitlines()[1:]]
    answers = result.served.predict([row[:-1] for row in rows])
    right = sum(answer["label"] == row[-1] for answer, row in zip(answers, rows, strict=True))
    assert result.metrics["accuracy"] == right / len(rows) > 0.95
    assert result.evaluation["baseline"]["accuracy"] == result.metrics["accuracy_best_constant_classifier"]
    page = (tmp_path / "evaluate" / "processing" / "output" / "report.html").read_text()
    assert "<h1>binary model of way</h1>" in page


SCRIPT = """
import argparse, json, os
import numpy as np

class Threshold:
    def predict(self, rows):
        return {predict}

def model_fn(model_dir):
    assert os.path.exists(os.path.join(model_dir, "weights.json"))
    return Threshold()
{more}
if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
"""


def evaluated(tmp_path, script, text, settings, expected=0):
    prepared = make_job(tmp_path / "prepare", {"passthrough": True, **settings}, {"a.csv": text})
    assert run(prepare.main, ["--base", str(prepared.base)]) == 0
    packed = archive({"weights.json": b"{}", "code/train.py": script.encode()})
    job = evaluation_job(tmp_path / "evaluate", prepared, packed, script="train.py")
    assert run(evaluate.main, ["--base", str(job.base)]) == expected
    if expected:
        return (job.base / "output" / "message").read_text()
    return json.loads((job.output / "evaluation.json").read_text())


NUMBERS = "a,b,y\n" + "".join(f"{n % 37},{n % 5},{int(n % 37 > 18)}\n" for n in range(300))


@pytest.mark.parametrize(
    "predict",
    ["(rows[:, 0] > 18).astype(int)", "(rows[:, 0] > 18) * 1.0", "np.where(rows[:, 0] > 18, 0.9, 0.2)"],
)
def test_a_script_with_the_image_defaults(tmp_path, predict):
    found = evaluated(tmp_path, SCRIPT.format(predict=predict, more=""), NUMBERS, {"target": "y"})
    assert metric(found, "accuracy") == 1
    assert found["dataset"]["rows"] == 60


def test_a_script_with_functions_of_its_own(tmp_path):
    more = """
def input_fn(body, content_type):
    assert content_type == "text/csv"
    return [line.split(",") for line in body.splitlines()]

def predict_fn(data, model):
    return ["up" if int(size) > 18 else "down" for size, kind in data]

def output_fn(prediction, accept):
    if accept != "text/csv":
        raise ValueError(accept)
    return "\\n".join(prediction)
"""
    found = evaluated(tmp_path, SCRIPT.format(predict="None", more=more), wave(), {"target": "way"})
    assert metric(found, "accuracy") == 1


def test_a_script_with_transform_fn(tmp_path):
    more = """
def transform_fn(model, body, content_type, accept):
    return json.dumps([float(line.split(",")[0]) for line in body.splitlines()]), accept
"""
    text = "x,z,y\n" + "".join(f"{n}.5,1,{n}.0\n" for n in range(100))
    found = evaluated(tmp_path, SCRIPT.format(predict="None", more=more), text, {"target": "y"})
    assert metric(found, "mae") == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("x = 1\n", "has no model_fn"),
        ("import no_such_package\n", "cannot be imported: ModuleNotFoundError"),
        ("raise SystemExit('needs arguments')", "needs arguments"),
        (SCRIPT.format(predict="rows[:, 9]", more=""), "predict_fn of code/train.py: IndexError"),
        (SCRIPT.format(predict="[1]", more=""), "answered 1 predictions for 60 rows"),
        (SCRIPT.format(predict="['never'] * len(rows)", more=""), "'never', which is none of the classes"),
    ],
)
def test_what_a_script_gets_wrong_is_told(tmp_path, script, message):
    assert message in evaluated(tmp_path, script, NUMBERS, {"target": "y"}, expected=1)


def test_missing_pieces_are_told(tmp_path):
    job = make_job(tmp_path, {}, {}, preparation={"preparation.json": b""})
    (job.input("settings") / "evaluate.json").write_text('{"script": null}')
    place = job.input("preparation") / "preparation.json"
    for content, message in [
        ("{", "cannot be read as JSON"),
        ("[]", "JSON object is expected"),
        ('{"problem": "ranking"}', "'ranking'"),
        ('{"problem": "binary", "target": "y"}', "archive is missing"),
    ]:
        place.write_text(content)
        assert run(evaluate.main, ["--base", str(tmp_path)]) == 1
        assert message in (tmp_path / "output" / "message").read_text()


def test_the_served_code_is_the_archive_s_own(tmp_path):
    result = full_loop(tmp_path, {"target": "way"}, {"a.csv": wave()})
    source = Path(result.served.module.read_rows.__code__.co_filename)
    assert source == tmp_path / "model" / "code" / "rows.py"


def wheel(folder, name, content):
    """A wheel made by hand: a package of one file."""
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


@pytest.mark.parametrize(("package", "expected"), [("threshold_of_mine", 0), ("not_there_at_all", 1)])
def test_a_script_gets_its_packages_for_the_job_alone(tmp_path, monkeypatch, package, expected):
    monkeypatch.setattr("sys.path", list(sys.path))
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    wheel(tmp_path, "threshold_of_mine", "LIMIT = 18")
    prepared = make_job(tmp_path / "prepare", {"passthrough": True, "target": "y"}, {"a.csv": NUMBERS})
    assert run(prepare.main, ["--base", str(prepared.base)]) == 0
    script = "import threshold_of_mine" + SCRIPT.format(predict="(rows[:, 0] > threshold_of_mine.LIMIT) * 1", more="")
    files = {
        "weights.json": b"{}",
        "code/train.py": script.encode(),
        "code/requirements.txt": f"--no-index\n--find-links {tmp_path}\n{package}\n".encode(),
    }
    job = evaluation_job(tmp_path / "evaluate", prepared, archive(files), script="train.py")
    assert run(evaluate.main, ["--base", str(job.base)]) == expected
    if expected:
        assert "requirements.txt cannot be installed" in (job.base / "output" / "message").read_text()


def test_the_figures_of_many_classes_are_small(tmp_path):
    classes = [f"class {n:04}" for n in range(1000)]
    found = measure("multiclass", classes, classes, classes)
    section = "multiclass_classification_metrics"
    told = figures(found, section)
    assert len(json.dumps(told)) < 60 * 1024 < len(json.dumps(found))
    assert told[section]["accuracy"] == found[section]["accuracy"]
    assert told["dataset"] == {"rows": 1000, "item_count": 1000, "left_out": 0}
