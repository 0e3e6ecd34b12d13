"""The loop of one tabular model in this process: what the run machine does, without AWS."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from dropforge_jobs import evaluate, prepare
from dropforge_jobs.job import Job, run
from dropforge_jobs.package import SERVING_FILES, extract, package
from dropforge_jobs.served import Served

CODE = Path(prepare.__file__).parent
OBJECTIVES = {"binary": "binary:logistic", "multiclass": "multi:softprob", "regression": "reg:squarederror"}


COLOURS = ["red", "green", "blue", "?"]


def table(rows: int = 200, header: bool = True, seed: int = 0) -> str:
    """A table with everything in it: an index, text, dates, blanks, categories, a constant, and a label."""
    random = np.random.default_rng(seed)
    lines = ["id,age, colour ,when,note,always,label"] if header else []
    for row in range(rows):
        age = "" if row % 17 == 0 else str(random.integers(18, 90))
        colour = COLOURS[random.integers(0, 4)]
        day = f"2023-{random.integers(1, 13):02}-{random.integers(1, 28):02}"
        note = f'"said ""{row}"", then\nleft for {random.integers(0, 1000)} days"'
        label = "yes" if colour == "red" or random.random() < 0.2 else "no"
        lines.append(f"{row},{age}, {colour}, {day},{note},x,{label}")
    return "\n".join(lines) + "\n"


def make_job(base: Path, settings: dict[str, Any], files: dict[str, bytes | str], **inputs: dict[str, bytes]) -> Job:
    """A processing job's folders, with the drop's files and its prepare.json."""
    job = Job(base)
    for name, content in {"dataset": files, **inputs}.items():
        for path, data in content.items():
            place = job.input(name) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data.encode() if isinstance(data, str) else data)
    job.input("settings").mkdir(parents=True, exist_ok=True)
    (job.input("settings") / "prepare.json").write_text(json.dumps(settings))
    return job


def read_part(job: Job, part: str) -> np.ndarray:
    return np.loadtxt(job.output / part / f"{part}.csv", delimiter=",", ndmin=2)


def train(job: Job, rounds: int = 60) -> bytes:
    """What the built-in image leaves: model.tar.gz with `xgboost-model`, trained on the channels' files."""
    preparation = json.loads((job.output / "preparation.json").read_text())
    data = {part: read_part(job, part) for part in ("train", "validation") if preparation["rows"][part]}
    matrices = {part: xgboost.DMatrix(rows[:, 1:], rows[:, 0]) for part, rows in data.items()}
    parameters = {"objective": OBJECTIVES[preparation["problem"]], "eta": 0.1, "max_depth": 6, "nthread": 1, "seed": 1}
    if preparation["problem"] == "multiclass":
        parameters["num_class"] = len(preparation["classes"])
    booster = xgboost.train(
        parameters,
        matrices["train"],
        rounds,
        evals=[(matrix, part) for part, matrix in matrices.items()],
        early_stopping_rounds=20 if "validation" in matrices else None,
        verbose_eval=False,
    )
    return archive({"xgboost-model": bytes(booster.save_raw("ubj"))})


def archive(files: dict[str, bytes]) -> bytes:
    empty, packed = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=empty, mode="w:gz"):
        pass
    empty.seek(0)
    package(empty, packed, files)
    return packed.getvalue()


def pack(job: Job, trained: bytes) -> bytes:
    additions = {f"code/{name}": (CODE / name).read_bytes() for name in SERVING_FILES}
    additions["preprocessor.json"] = (job.output / "preprocessor.json").read_bytes()
    target = io.BytesIO()
    package(io.BytesIO(trained), target, additions)
    return target.getvalue()


def evaluation_job(base: Path, prepared: Job, archive_bytes: bytes, **settings: Any) -> Job:
    found = (prepared.output / "preparation.json").read_bytes()
    test = (prepared.output / "test" / "test.csv").read_bytes()
    job = make_job(
        base,
        {},
        {},
        model={"model.tar.gz": archive_bytes},
        test={"test.csv": test},
        preparation={"preparation.json": found},
    )
    (job.input("settings") / "evaluate.json").write_text(json.dumps({"script": None, **settings}))
    return job


@dataclass
class Result:
    prepared: Job
    preparation: dict[str, Any]
    evaluation: dict[str, Any]
    served: Served

    @property
    def metrics(self) -> dict[str, float]:
        section = next(value for name, value in self.evaluation.items() if name.endswith("_metrics"))
        return {name: metric["value"] for name, metric in section.items() if "value" in metric}


def full_loop(folder: Path, settings: dict[str, Any], files: dict[str, bytes | str], rounds: int = 60) -> Result:
    """Prepare, train, package, evaluate; the packaged model stays loaded for requests."""
    job = make_job(folder / "prepare", settings, files)
    assert run(prepare.main, ["--base", str(job.base)]) == 0, (job.base / "output" / "message").read_text()
    packed = pack(job, train(job, rounds))
    evaluation = evaluation_job(folder / "evaluate", job, packed)
    code = run(evaluate.main, ["--base", str(evaluation.base)])
    assert code == 0, (evaluation.base / "output" / "message").read_text()
    extract(io.BytesIO(packed), folder / "model")
    return Result(
        job,
        json.loads((job.output / "preparation.json").read_text()),
        json.loads((evaluation.output / "evaluation.json").read_text()),
        Served(folder / "model", "inference.py", ours=True),
    )
