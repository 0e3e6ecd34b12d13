"""Serving in algorithm mode, as AWS's XGBoost image does it (algorithm_mode/serve.py, image 3.x)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from localcloud.containers.guest import places
from localcloud.containers.guest.serving import formats
from localcloud.containers.guest.serving.server import Request, RequestError, Response, UnacceptableError
from localcloud.containers.guest.xgboost import predictor, requests
from localcloud.containers.guest.xgboost.library import xgboost as xgb

MODEL = "xgboost-model"
NO_CONTENT, BAD_REQUEST = 204, 400
ACCEPTS = (formats.JSON, "application/jsonlines", formats.CSV)
# What the image says of itself to batch transform.
EXECUTION_PARAMETERS: dict[str, object] = {
    "MaxConcurrentTransforms": os.cpu_count() or 1,
    "BatchStrategy": "MULTI_RECORD",
    "MaxPayloadInMB": 6,
}


class ModelFileError(Exception):
    """There is no XGBoost model in /opt/ml/model, or it is a format that is not loaded here."""


def model_path(folder: Path) -> Path:
    """Return the model's file: `xgboost-model`, or the only file there is. Raises ModelFileError."""
    files = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    named = [path for path in files if path.name == MODEL]
    if named or len(files) == 1:
        return (named or files)[0]
    raise ModelFileError(f"{folder}: no file {MODEL}; it has {', '.join(p.name for p in files) or 'no files'}")


def load(path: Path) -> xgb.Booster:
    """Load a booster by its format; a pickle, which old images wrote, is refused. Raises ModelFileError."""
    try:
        booster = xgb.Booster(model_file=bytearray(path.read_bytes()))
    except xgb.core.XGBoostError as error:
        raise ModelFileError(
            f"{path}: not a model that XGBoost saved (pickles are not loaded: save it anew with "
            f"Booster.save_model): {error}"
        ) from error
    booster.set_param({"nthread": 1})
    return booster


class Scorer:
    """A booster that answers requests."""

    def __init__(self) -> None:
        self._booster = load(model_path(places.base() / "model"))
        self._features = self._booster.num_features()
        self._predictor = predictor.make(self._booster)

    def __call__(self, request: Request) -> Response:
        """Score the rows of a request. Raises RequestError."""
        if not request.body:
            return Response(status=NO_CONTENT)
        scores = self._predict(request)
        accept = request.accept or os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", formats.CSV)
        return self._encode(scores, formats.media_type(accept))

    def _predict(self, request: Request) -> list[Any]:
        """Scores of the request's rows. Raises RequestError."""
        find = requests.rows if self._predictor else requests.matrix
        rows = find(request.body, request.content_type, self._features)
        width = rows.shape[1] if isinstance(rows, np.ndarray) else rows.num_col()
        if width != self._features:
            raise RequestError(
                BAD_REQUEST,
                f"Unable to evaluate payload provided: Feature size of {request.content_type} inference data "
                f"{width} is not consistent with feature size of trained model {self._features}.",
            )
        if isinstance(rows, np.ndarray):
            assert self._predictor is not None
            return self._predictor(rows)
        scores: list[Any] = self._booster.predict(rows, validate_features=False).tolist()
        return scores

    def _encode(self, scores: list[Any], accept: str) -> Response:
        if accept not in ACCEPTS:
            raise UnacceptableError(accept)
        if os.environ.get("SAGEMAKER_BATCH"):
            return Response("".join(f"{score}\n" for score in scores).encode(), accept)
        if accept == formats.CSV:
            return Response(_lines(scores), accept)
        records = [{"score": score} for score in scores]
        if accept == formats.JSON:
            return Response(json.dumps({"predictions": records}).encode(), accept)
        return Response("".join(f"{json.dumps(record)}\n" for record in records).encode(), accept)


def _lines(scores: list[Any]) -> bytes:
    """The scores as `formats.encode` would write them as CSV, without going through NumPy."""
    rows = (score if isinstance(score, list) else (score,) for score in scores)
    return "".join(",".join(map(str, row)) + "\n" for row in rows).encode()
