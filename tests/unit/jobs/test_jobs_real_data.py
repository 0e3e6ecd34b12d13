"""Real tables, three lines of project.yaml each: what comes out must be as good as the data allow."""

import csv
import io
import json
from pathlib import Path

import pytest
from sklearn import datasets

from tests.unit.jobs.jobs_loop import full_loop
from tests.unit.jobs.jobs_loop import table as messy_table

SHARED = Path(__file__).resolve().parents[4] / "shared/data"
ADULT = [
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship"),
    *("race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income"),
]
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")


def table(name, header):
    found = getattr(datasets, f"load_{name}")()
    stream = io.StringIO()
    writer = csv.writer(stream)
    if header:
        writer.writerow([*found.feature_names, "target"])
    writer.writerows([*row, label] for row, label in zip(found.data, found.target, strict=True))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "problem", "metric", "least"),
    [
        ("iris", "multiclass", "accuracy", 0.9),
        ("wine", "multiclass", "accuracy", 0.9),
        ("breast_cancer", "binary", "auc", 0.97),
        ("diabetes", "regression", "r2", 0.2),
    ],
)
def test_tables_of_scikit_learn(tmp_path, name, problem, metric, least):
    for header, target in ((True, "target"), (False, -1)):
        result = full_loop(tmp_path / str(header), {"target": target}, {"data.csv": table(name, header)})
        assert result.preparation["problem"] == problem
        assert result.metrics[metric] >= least


def test_a_messy_table(tmp_path):
    """An index, blanks, dates, quoted text over two lines, a constant: dropped rows go in, labels come out."""
    result = full_loop(tmp_path, {"target": "label"}, {"a.csv": messy_table(600)})
    assert result.preparation["rows"]["test"] == 120
    assert result.metrics["accuracy"] > result.metrics["accuracy_best_constant_classifier"]
    rows = [["7", "", "red", "2023-05-01", "two\nlines", "x"], ["8", "40", "mauve", "?", "", "x"]]
    assert [answer["label"] for answer in result.served.predict(rows)] == ["yes", "no"]


def test_digits(tmp_path):
    result = full_loop(tmp_path, {"target": -1}, {"data.csv": table("digits", header=False)}, rounds=30)
    assert result.preparation["classes"] == [str(digit) for digit in range(10)]
    assert result.metrics["accuracy"] > 0.9


@needs_shared
def test_adult(tmp_path):
    text = (SHARED / "adult-train.csv").read_bytes()
    result = full_loop(tmp_path, {"target": "income", "columns": ADULT}, {"adult.csv": text}, rounds=150)
    assert result.preparation["classes"] == ["<=50K", ">50K"]
    assert result.metrics["accuracy"] > 0.86
    assert result.metrics["auc"] > 0.92
    line = "39, State-gov, 77516, Bachelors, 13, Never-married, ?, Not-in-family, White, Male, 2174, 0, 40, Nowhere"
    answer = result.served.predict([[field.strip() for field in line.split(",")]])[0]
    assert answer["label"] == "<=50K"
    assert json.loads(json.dumps(answer)) == answer


@needs_shared
def test_abalone(tmp_path):
    text = (SHARED / "abalone.csv").read_bytes()
    result = full_loop(tmp_path, {"target": -1}, {"abalone.csv": text})
    assert result.preparation["problem"] == "regression"
    assert result.metrics["r2"] > 0.5


@needs_shared
def test_news_are_text(tmp_path):
    text = b"".join((SHARED / "ag-news-test.csv").read_bytes().splitlines(keepends=True)[:2000])
    result = full_loop(tmp_path, {"target": 0}, {"news.csv": text}, rounds=30)
    assert [column["kind"] for column in result.preparation["columns"]] == ["target", "text", "text"]
    assert result.metrics["accuracy"] > 0.45
