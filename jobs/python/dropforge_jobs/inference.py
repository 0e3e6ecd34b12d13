"""The model server's functions, as the XGBoost image calls them in script mode.

Source of the contract: aws/sagemaker-xgboost-container, serving.py, and aws/sagemaker-containers, _transformer.py:
model_fn(model_dir), input_fn(body, content_type), predict_fn(data, model), output_fn(prediction, accept); a tuple
(body, content type) is taken as the answer.

In a model archive this file is code/inference.py and what it needs lies beside it.
"""

from __future__ import annotations

import csv
import importlib
import io
import json
import os
import re
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

if "dropforge_jobs" not in sys.modules:  # in a model's code/: the files beside this one are the package
    _package = types.ModuleType("dropforge_jobs")
    _package.__path__ = [os.path.dirname(os.path.abspath(__file__))]
    sys.modules["dropforge_jobs"] = _package

from dropforge_jobs.encoders import ValueRefusedError
from dropforge_jobs.errors import ModelError, RequestError
from dropforge_jobs.preprocessor import Preprocessor
from dropforge_jobs.rows import CSV, JSON, JSON_LINES, media_type, read_rows

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Model:
    """A loaded model: its booster, its preprocessor, and the trees to use (0, 0 means all)."""

    booster: Any
    preprocessor: Preprocessor
    trees: tuple[int, int]
    objective: str


@dataclass(frozen=True)
class Request:
    """A request's body and type. Reading it needs the model, so that is left to `predict_fn`."""

    body: str | bytes
    content_type: str | None


@dataclass(frozen=True)
class Prediction:
    """Probabilities of shape (rows, classes), or, in regression (`classes` None), values of shape (rows,)."""

    values: Array
    classes: list[str] | None


@dataclass(frozen=True)
class Records:
    """A batch's answers, one for each of its records: what is predicted, or the error of one that cannot be read."""

    items: list[dict[str, Any]]


def model_fn(model_dir: str) -> Model:
    """Load an unpacked model. Only formats that hold data are read; nothing is unpickled. Raises ModelError."""
    preprocessor = Preprocessor.load(model_dir)
    booster = _load(Path(model_dir) / "xgboost-model")
    if booster.num_features() > len(preprocessor.features):
        raise ModelError(
            f"the model was trained on {booster.num_features()} features, its preprocessor makes "
            f"{len(preprocessor.features)}"
        )
    best = booster.attr("best_iteration")
    trees = (0, min(int(best) + 1, booster.num_boosted_rounds())) if best is not None else (0, 0)
    objective = json.loads(booster.save_config())["learner"]["objective"]["name"]
    return Model(booster, preprocessor, trees, objective)


def _load(path: Path) -> Any:
    """The booster in `path`; ModelError if there is none in XGBoost's own format."""
    content = bytearray(path.read_bytes()) if path.is_file() else bytearray()
    if not content:  # XGBoost 3 ends the process at an empty buffer
        raise ModelError(f"{path}: the model's archive has no booster")
    booster = xgboost.Booster()
    try:
        booster.load_model(content)  # from a path without extension it would guess the format, with a warning
    except xgboost.core.XGBoostError as error:
        raise ModelError(f"{path}: not a model in XGBoost's own format: {str(error)[:300]}") from error
    return booster


def input_fn(body: str | bytes, content_type: str | None) -> Request:
    """Take a request as it came."""
    return Request(body, content_type)


def predict_fn(data: Request, model: Model) -> Prediction | Records | RequestError:
    """Answer a request. What is wrong with it is handed on to `output_fn`, which alone can answer a status.

    Raised, it would become a 500 without its text: sagemaker_containers, _functions.py, wraps every exception. In a
    transform job a refusal would cost the whole file its output, so there a record that cannot be read gets its error
    as its answer.
    """
    try:
        return predict(data, model)
    except RequestError as error:
        lines = _lines(data)
        return Records(_each(lines, data.content_type, model)) if lines else error


def output_fn(prediction: Prediction | Records | RequestError, accept: str | None) -> Any:
    """The answer and its content type: CSV `label,probability` (or the number), JSON or JSON lines."""
    if isinstance(prediction, RequestError):
        return _refuse(prediction)
    try:
        kind = media_type(accept, JSON)
    except RequestError:
        return _refuse(RequestError(f"accept {accept!r}: {CSV}, {JSON} and {JSON_LINES} can be answered", 406))
    records = prediction.items if isinstance(prediction, Records) else _records(prediction)
    if kind == CSV:
        return _csv(records), CSV
    if kind == JSON_LINES:
        return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), JSON_LINES
    return json.dumps({"predictions": records}, ensure_ascii=False), JSON


def _lines(data: Request) -> list[str]:
    """The records of a transform job's request that can be asked one by one; else none."""
    if os.environ.get("SAGEMAKER_BATCH") != "true" or media_type(data.content_type) != JSON_LINES:
        return []
    try:
        text = data.body if isinstance(data.body, str) else bytes(data.body).decode("utf-8-sig")
    except UnicodeDecodeError:
        return []
    return [line for line in text.split("\n") if line.strip()]


def _each(lines: list[str], content_type: str | None, model: Model) -> list[dict[str, Any]]:
    """An answer for each line: halves are asked again until what cannot be read is alone."""
    try:
        return _records(predict(Request("\n".join(lines), content_type), model))
    except RequestError as error:
        if len(lines) == 1:
            return [{"error": re.sub(r"^(?:row|record) 1[:,] ", "", error.message)}]
    half = len(lines) // 2
    return _each(lines[:half], content_type, model) + _each(lines[half:], content_type, model)


def predict(data: Request, model: Model) -> Prediction:
    """The model's prediction for a request; RequestError names the row and column that cannot be read."""
    preprocessor = model.preprocessor
    rows = read_rows(data.body, data.content_type, preprocessor)
    try:
        matrix = preprocessor.transform(list(zip(*rows)))
    except ValueRefusedError as error:
        raise RequestError(f"row {error.row + 1}: {error}") from error
    raw = model.booster.inplace_predict(matrix, iteration_range=model.trees, validate_features=False)
    if preprocessor.classes is None:
        return Prediction(np.asarray(raw, dtype=np.float64), None)
    return Prediction(_probabilities(np.asarray(raw, dtype=np.float64), model), preprocessor.classes)


def _probabilities(raw: Array, model: Model) -> Array:
    """Probabilities of shape (rows, classes) from what the booster's objective gives."""
    classes = model.preprocessor.classes or []
    if raw.ndim > 1:
        return raw
    if model.objective == "multi:softmax":
        certain: Array = np.eye(len(classes))[raw.astype(int)]
        return certain
    positive = 1 / (1 + np.exp(-raw)) if model.objective == "binary:logitraw" else raw
    return np.column_stack([1 - positive, positive])


def _records(prediction: Prediction) -> list[dict[str, Any]]:
    values, classes = prediction.values, prediction.classes
    if classes is None:
        return [{"value": _short(value)} for value in values]
    best = values.argmax(axis=1)
    return [
        {
            "label": classes[place],
            "probability": _short(row[place]),
            "probabilities": {name: _short(value) for name, value in zip(classes, row)},
        }
        for place, row in zip(best, values)
    ]


def _csv(records: list[dict[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for record in records:
        writer.writerow([record["value"]] if "value" in record else [record.get("label"), record.get("probability")])
    return stream.getvalue()


def _short(value: float) -> float:
    """The number with the nine digits that a float32 has at most."""
    return float(f"{value:.9g}")


class Refusal:
    """An error's answer, with what model servers look for in a response: its data, type and status."""

    def __init__(self, response: str, status: int, mimetype: str) -> None:
        self.response = response
        self.status_code = status
        self.mimetype = mimetype

    def get_data(self) -> bytes:
        """The body."""
        return self.response.encode("utf-8")


def _refuse(error: RequestError) -> Any:
    """The error as a response with its status: in AWS's image one of its Flask layer's, which it passes on."""
    body = json.dumps({"error": type(error).__name__, "error-message": error.message}, ensure_ascii=False)
    try:
        make = importlib.import_module("sagemaker_containers.beta.framework.worker").Response
    except ImportError:
        make = Refusal
    return make(response=body, status=error.status_code, mimetype=JSON)
