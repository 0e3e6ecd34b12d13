"""A packaged model, called as its server would call it: ours, or a user's script with the image's defaults.

Defaults of the scikit-learn image: aws/sagemaker-scikit-learn-container, serving.py. model_fn is required; input_fn
reads CSV or JSON into float32; predict_fn calls model.predict; output_fn writes CSV or JSON.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from dropforge_jobs.errors import ModelError

OURS = "dropforge_jobs"
MODULE = "dropforge_served_model"
BAD_REQUEST = 400


@contextmanager
def _own_code() -> Iterator[None]:
    """Have the model's archive bring its own copy of our modules: what is measured is what will be served."""
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == OURS}
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == OURS]:
            del sys.modules[name]
        sys.modules.update(hidden)


def body_of(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """The rows as the text of a request."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def load_code(path: Path) -> ModuleType:
    """Import the Python file `path` of a model's code/, with its folder on the import path; ModelError."""
    if not path.is_file():
        raise ModelError(f"the model's archive has no code/{path.name}")
    spec = importlib.util.spec_from_file_location(MODULE, path)
    if spec is None or spec.loader is None:
        raise ModelError(f"code/{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module  # dataclasses and pickles of the script look themselves up by name
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ModelError(f"code/{path.name} cannot be imported: {type(error).__name__}: {error}") from error
    return module


class Served:
    """A loaded model; `predict` sends it rows and reads its answer."""

    def __init__(self, model_dir: Path, program: str, ours: bool) -> None:
        self.program = program
        with _own_code():
            self.module = load_code(model_dir / "code" / program)
            if not hasattr(self.module, "model_fn"):
                raise ModelError(f"code/{program} has no model_fn(model_dir), so it can be neither tested nor served")
            self.model = self._call("model_fn", str(model_dir))
        self.accept = ["application/json"] if ours else ["application/json", "text/csv"]
        self.accepted = self.accept[0]  # what the last answer was given as

    def predict(self, rows: Sequence[Sequence[str]], delimiter: str = ",") -> list[Any]:
        """One item per row: a label or number, a list of probabilities, or an object; ModelError."""
        items = read_answer(self._answer(body_of(rows, delimiter)))
        if len(items) != len(rows):
            raise ModelError(f"code/{self.program} answered {len(items)} predictions for {len(rows)} rows")
        return items

    def _answer(self, body: str) -> Any:
        """The server's answer to a CSV body."""
        transform = getattr(self.module, "transform_fn", None)
        if transform is None:
            data = self._call("input_fn", body, "text/csv")
            prediction = self._call("predict_fn", data, self.model)
        for accept in self.accept:
            try:
                if transform is not None:
                    answer = self._call("transform_fn", self.model, body, "text/csv", accept)
                else:
                    answer = self._call("output_fn", prediction, accept)
            except ModelError:
                if accept == self.accept[-1]:
                    raise
                continue
            self.accepted = accept
            return answer[0] if isinstance(answer, tuple) else answer
        raise AssertionError("there is always a content type to try")

    def _call(self, name: str, *arguments: Any) -> Any:
        """Call the script's function, or the image's default; what it raises becomes a ModelError."""
        function: Callable[..., Any] = getattr(self.module, name, None) or DEFAULTS[name]
        try:
            return function(*arguments)
        except Exception as error:
            raise ModelError(f"{name} of code/{self.program}: {type(error).__name__}: {error}") from error


def _default_input(body: str, content_type: str) -> np.ndarray[Any, Any]:
    rows = [row for row in csv.reader(io.StringIO(body)) if row]
    return np.array(rows).astype(np.float32)


def _default_predict(data: Any, model: Any) -> Any:
    return model.predict(data)


def _default_output(prediction: Any, accept: str) -> tuple[str, str]:
    return json.dumps(np.asarray(prediction).tolist()), "application/json"


DEFAULTS: dict[str, Callable[..., Any]] = {
    "input_fn": _default_input,
    "predict_fn": _default_predict,
    "output_fn": _default_output,
}


def read_answer(answer: Any) -> list[Any]:
    """The predictions in a server's answer: the items of a JSON list or of an object's only list, or CSV lines.

    Raises ModelError if the answer is a refusal.
    """
    status = getattr(answer, "status_code", 200)
    if hasattr(answer, "get_data"):  # a response, as Flask has it
        answer = answer.get_data()
    if isinstance(answer, (bytes, bytearray)):
        answer = bytes(answer).decode("utf-8")
    if status >= BAD_REQUEST:
        raise ModelError(f"the model refused its rows: {answer}")
    if isinstance(answer, np.ndarray):
        answer = answer.tolist()
    if isinstance(answer, str):
        answer = _parsed(answer)
    if isinstance(answer, dict):
        lists = [value for value in answer.values() if isinstance(value, list)]
        answer = lists[0] if len(lists) == 1 else [answer]
    return answer if isinstance(answer, list) else [answer]


def _parsed(text: str) -> Any:
    """The text as JSON, or else as CSV: the only field of each line, or the list of its fields."""
    try:
        return json.loads(text)
    except ValueError:
        rows = [row for row in csv.reader(io.StringIO(text), skipinitialspace=True) if row]
        return [row[0] if len(row) == 1 else row for row in rows]
