"""Serving in algorithm mode, as AWS's XGBoost image does it (algorithm_mode/serve.py, image 3.x)."""

from __future__ import annotations

import json
import os
from pathlib import Path

from localcloud.containers.guest import places
from localcloud.containers.guest.serving import formats
from localcloud.containers.guest.serving.server import Request, RequestError, Response, UnacceptableError
from localcloud.containers.guest.xgboost import requests
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

    def __call__(self, request: Request) -> Response:
        """Score the rows of a request. Raises RequestError."""
        if not request.body:
            return Response(status=NO_CONTENT)
        features = self._booster.num_features()
        rows = requests.matrix(request.body, request.content_type, features)
        if rows.num_col() != features:
            raise RequestError(
                BAD_REQUEST,
                f"Unable to evaluate payload provided: Feature size of {request.content_type} inference data "
                f"{rows.num_col()} is not consistent with feature size of trained model {features}.",
            )
        scores = self._booster.predict(rows, validate_features=False).tolist()
        accept = request.accept or os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", formats.CSV)
        return self._encode(scores, formats.media_type(accept))

    def _encode(self, scores: list[object], accept: str) -> Response:
        if accept not in ACCEPTS:
            raise UnacceptableError(accept)
        if os.environ.get("SAGEMAKER_BATCH"):
            return Response("".join(f"{score}\n" for score in scores).encode(), accept)
        if accept == formats.CSV:
            return Response(formats.encode(scores, formats.CSV), accept)
        records = [{"score": score} for score in scores]
        if accept == formats.JSON:
            return Response(json.dumps({"predictions": records}).encode(), accept)
        return Response("".join(f"{json.dumps(record)}\n" for record in records).encode(), accept)
