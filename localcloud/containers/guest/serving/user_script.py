"""The user's inference script: model_fn, input_fn, predict_fn, output_fn (or transform_fn), as AWS's images call it.

Source: sagemaker_xgboost_container.serving, sagemaker_sklearn_container.serving and handler_service, and the
Transformer of sagemaker-inference.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from localcloud.containers.guest import places
from localcloud.containers.guest.serving import formats
from localcloud.containers.guest.serving.server import (
    Request,
    RequestError,
    Response,
    UnacceptableError,
    UnsupportedContentTypeError,
)

log = logging.getLogger("serve")
PARTS = ("input_fn", "predict_fn", "output_fn")


class ScriptError(Exception):
    """The inference script cannot be used; the message names it and what to change."""


@dataclass(frozen=True)
class Defaults:
    """What an image does where the script has no function of its own."""

    input_fn: Callable[[Any, str], Any]
    predict_fn: Callable[[Any, Any], Any]
    output_fn: Callable[[Any, str], Any]


def sklearn_input(data: str | bytes, content_type: str) -> Any:
    """Return the rows of a request; one row alone becomes a table of one (the scikit-learn image)."""
    array = formats.decode(data, content_type)
    if array.ndim == 1:
        array = array.reshape(1, -1)
    return array.astype(np.float32) if formats.media_type(content_type) in formats.TEXT_TYPES else array


def sklearn_output(prediction: Any, accept: str) -> tuple[bytes, str]:
    """Return the prediction in the accepted type (both images)."""
    return formats.encode(prediction, accept), accept


SKLEARN = Defaults(sklearn_input, lambda data, model: model.predict(data), sklearn_output)


def xgboost_input(data: str | bytes, content_type: str) -> Any:
    """Return the rows of a request as a DMatrix (the XGBoost image)."""
    import xgboost  # noqa: F401 (whole, before `requests` imports it without the estimators that a script may use)

    from localcloud.containers.guest.xgboost import requests

    return requests.matrix(data.encode() if isinstance(data, str) else data, content_type)


XGBOOST = Defaults(xgboost_input, lambda data, model: model.predict(data, validate_features=False), sklearn_output)


def load(program: str, folder: Path) -> types.ModuleType:
    """Import the script, with its folder first on the path. Raises ScriptError."""
    script = folder / program
    if not script.is_file():
        raise ScriptError(f"SAGEMAKER_PROGRAM={program}: there is no {script}")
    sys.path.insert(0, str(script.parent))
    return importlib.import_module(script.stem)


class Script:
    """A script with its model in memory, answering requests."""

    def __init__(self, module: types.ModuleType, defaults: Defaults) -> None:
        name = module.__file__
        if not hasattr(module, "model_fn"):
            raise ScriptError(f"{name}: has no model_fn(model_dir), and this image has no default for it")
        given = [part for part in PARTS if hasattr(module, part)]
        self._transform = getattr(module, "transform_fn", None)
        if self._transform and given:
            raise ScriptError(f"{name}: transform_fn cannot be used together with {', '.join(given)}")
        self._input, self._predict, self._output = (getattr(module, part, getattr(defaults, part)) for part in PARTS)
        self._model = module.model_fn(str(places.base() / "model"))

    def __call__(self, request: Request) -> Response:
        """Answer a request. Raises RequestError and whatever the script raises."""
        content_type = request.content_type or formats.JSON
        accept = request.accept or os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", formats.JSON)
        is_text = formats.media_type(content_type) in formats.TEXT_TYPES
        data = request.body.decode("utf-8") if is_text else request.body
        if self._transform:
            return response(self._transform(self._model, data, content_type, accept), accept)
        with refusing(lambda: UnsupportedContentTypeError(content_type)):
            rows = self._input(data, content_type)
        prediction = self._predict(rows, self._model)
        with refusing(lambda: UnacceptableError(accept)):
            return response(self._output(prediction, accept), accept)


class refusing:  # noqa: N801 (used as a statement)
    """Turns the toolkits' UnsupportedFormatError, raised by a script, into the refusal that `make` returns."""

    def __init__(self, make: Callable[[], RequestError]) -> None:
        self._make = make

    def __enter__(self) -> None:
        """Watch the block."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        """Translate; by name, because a script may take the class from any of AWS's toolkits."""
        if kind is not None and kind.__name__ == "UnsupportedFormatError":
            raise self._make() from error


def response(result: Any, accept: str) -> Response:
    """Return what a script answered as an HTTP response: data, (data, content type), or a Flask-like object."""
    if hasattr(result, "get_data") and hasattr(result, "status_code"):
        return Response(result.get_data(), result.mimetype or accept, result.status_code)
    data, content_type = result if isinstance(result, tuple) and len(result) == 2 else (result, accept)  # noqa: PLR2004
    if isinstance(data, str):
        data = data.encode("utf-8")
    if not isinstance(data, bytes | bytearray):
        raise TypeError(f"output_fn must return text, bytes or (data, content type), not {type(data).__name__}")
    return Response(bytes(data), content_type)
