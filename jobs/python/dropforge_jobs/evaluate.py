"""The evaluating job: how good a packaged model is on rows that it never saw.

Run as `python3 -m dropforge_jobs.evaluate`. The rows go through the package's own functions, as text, just as a
client's request would, so what is measured is what will be served.

The champion, the model that serves already, is measured by a job of its own on the same rows (settings: `champion`).
Where the rows that it learnt from are known, both jobs measure besides what the others give.
"""

from __future__ import annotations

import os
import subprocess  # nosec B404 - see _install
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dropforge_jobs import champion, metrics
from dropforge_jobs.answers import class_answers, numeric_answers
from dropforge_jobs.dialect import find_delimiter
from dropforge_jobs.errors import JobError, ModelError, SettingsError, TableError
from dropforge_jobs.files import table_files
from dropforge_jobs.job import Job, run, write_json
from dropforge_jobs.package import extract
from dropforge_jobs.preprocessor import Preprocessor
from dropforge_jobs.problem import label_values
from dropforge_jobs.report import html_report
from dropforge_jobs.sample import Sampler, sample_of
from dropforge_jobs.served import Served
from dropforge_jobs.tables import Table

Array = np.ndarray[Any, Any]
Measure = Callable[[list[str], list[Any]], dict[str, Any]]
SECTIONS = {
    "binary": "binary_classification_metrics",
    "multiclass": "multiclass_classification_metrics",
    "regression": "regression_metrics",
}


def main(job: Job) -> None:
    """Measure a packaged model on the held-out rows."""
    settings = job.settings("evaluate.json")
    script, is_champion = settings.get("script"), bool(settings.get("champion"))
    found = job.json_object("preparation", "preparation.json")
    problem = found.get("problem")
    if problem not in SECTIONS:
        raise SettingsError(f"preparation.json: problem {problem!r}: one of {', '.join(SECTIONS)} is expected")
    with tempfile.TemporaryDirectory() as folder:
        model_dir = Path(folder) / "model"
        _unpack(job, model_dir)
        table = _test_table(job, found, model_dir)
        target = table.target_index(found["target"])
        learnt = champion.learnt_rows(job)
        inputs = [place for place in range(len(table.names)) if place != target]
        if is_champion:
            inputs = champion.columns_of(model_dir, learnt, table, target, problem)
        if script and (model_dir / "code" / "requirements.txt").is_file():
            _install(model_dir / "code" / "requirements.txt", Path(folder) / "packages")
        served = Served(model_dir, script or "inference.py", ours=not script)
        delimiter, sampler = "," if script else table.delimiter, Sampler()
        texts, items = _answers(served, table, (target, inputs), delimiter, sampler)
        sample = None if is_champion else sample_of(sampler, served, delimiter, problem)
    measured = partial(measure, problem, classes=found.get("classes"), comma=table.decimal_comma)
    evaluation = measured(texts, items)
    if is_champion or learnt:
        evaluation["overlap"] = told = champion.overlap(learnt, table)
        _unseen(told, texts, items, measured, SECTIONS[problem])
    write_json(job.output / "evaluation.json", evaluation)
    if sample is not None:
        write_json(job.output / "sample.json", sample)
    write_json(job.output / "figures.json", figures(evaluation, SECTIONS[problem]))
    if not is_champion:
        (job.output / "report.html").write_text(html_report(evaluation, found), encoding="utf-8")
    for name, metric in evaluation[SECTIONS[problem]].items():
        if "value" in metric:
            print(f"{name}={metric['value']:.6g}")


def _unseen(told: dict[str, Any], texts: list[str], items: list[Any], measured: Measure, section: str) -> None:
    """Add what the rows give that the champion did not learn from, if there are both kinds."""
    others = told.pop("others", [])
    if not others or not told["seen"]:
        return
    try:
        found = measured([texts[row] for row in others], [items[row] for row in others])
    except TableError:  # none of them has a usable label
        return
    told["unseen"] = figures(found, section)


def figures(evaluation: dict[str, Any], section: str) -> dict[str, Any]:
    """evaluation.json's figures alone, for the gate: a confusion matrix of 1,000 classes fits no state machine."""
    metrics = {name: metric for name, metric in evaluation[section].items() if "value" in metric}
    overlap = {"overlap": evaluation["overlap"]} if "overlap" in evaluation else {}
    return {"dataset": evaluation["dataset"], section: metrics, **overlap}


def _test_table(job: Job, found: dict[str, Any], model_dir: Path) -> Table:
    """The held-out rows. The preparing job told how they are written: only a script's delimiter is looked for."""
    files = table_files(job.input("test"))
    names = [column["name"] if isinstance(column, dict) else column for column in found.get("columns") or []]
    if not names:
        raise SettingsError("preparation.json: columns: the test rows' columns are not named")
    delimiter = found.get("delimiter")
    if not delimiter:
        packed = (model_dir / "preprocessor.json").is_file()
        delimiter = Preprocessor.load(model_dir).delimiter if packed else find_delimiter(files[0])
    return Table(files, delimiter, names, bool(found.get("header")))


def _unpack(job: Job, folder: Path) -> None:
    path = job.input("model") / "model.tar.gz"
    try:
        with path.open("rb") as source:
            extract(source, folder)
    except FileNotFoundError as error:
        raise ModelError(f"{path}: the model's archive is missing") from error


def _install(requirements: Path, folder: Path) -> None:
    """Install a script's packages for this job alone, as the model server does before it starts."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "-r", str(requirements)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # nosec B603 - no shell
    if done.returncode:
        raise ModelError(f"requirements.txt cannot be installed: {done.stderr.strip()[-500:]}")
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])


def _answers(
    served: Served, table: Table, columns: tuple[int, list[int]], delimiter: str, sampler: Sampler
) -> tuple[list[str], list[Any]]:
    """The true labels as texts and the model's answers, row by row; `columns`: the target, and those it is asked."""
    target, inputs = columns
    texts: list[str] = []
    items: list[Any] = []
    for chunk in table.chunks():
        texts.extend(chunk.columns[target])
        rows = list(zip(*(chunk.columns[place] for place in inputs)))
        sampler.add(chunk.columns[target], rows)
        try:
            items.extend(served.predict(rows, delimiter))
        except JobError as error:
            raise ModelError(f"{chunk.file}, lines {chunk.lines[0]} to {chunk.lines[-1]}: {error}") from error
    return texts, items


def measure(
    problem: str, texts: Sequence[str], items: Sequence[Any], classes: list[str] | None, comma: bool = False
) -> dict[str, Any]:
    """The evaluation of answers to rows whose true labels are `texts`: evaluation.json's content.

    Rows whose label is none of the classes (or no number) are left out and counted. Raises ModelError for answers
    that cannot be compared and TableError if no row is left.
    """
    truth = label_values(problem, list(texts), classes, comma)
    known = np.flatnonzero(~np.isnan(truth))
    if not len(known):
        raise TableError("no held-out row has a usable label")
    truth, items = truth[known], [items[row] for row in known.tolist()]
    if problem == "regression":
        found = metrics.regression(truth, numeric_answers(items))
    else:
        truth = truth.astype(int)
        predicted, table = class_answers(items, classes or [])
        found = _classification(problem, truth, predicted, table, classes or [])
    return {
        "version": 0.0,
        "dataset": {"rows": len(truth), "item_count": len(truth), "left_out": len(texts) - len(truth)},
        SECTIONS[problem]: found,
        "baseline": metrics.baseline(problem, truth, len(classes or [])),
    }


def _classification(
    problem: str, truth: Array, predicted: Array, table: Array | None, classes: list[str]
) -> dict[str, Any]:
    if problem == "multiclass":
        return metrics.multiclass(truth, predicted, table, classes)
    return metrics.binary(truth, predicted, None if table is None else table[:, 1], classes)


if __name__ == "__main__":
    sys.exit(run(main))
