"""Records of the three formats that DataProcessing can take apart: filtered, joined and named."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localcloud.sagemaker.transform_job import jsonpath

FORMS = ("text/csv", "application/json", "application/jsonlines")
_CSV = FORMS[0]


class RecordError(Exception):
    """A record, or the model's answer, cannot be processed; the text says why."""


def form_of(content_type: str | None) -> str | None:
    """Which of FORMS a content type is, parameters aside; None for others."""
    kind = (content_type or "").split(";", maxsplit=1)[0].strip().lower()
    return kind if kind in FORMS else None


@dataclass(frozen=True)
class Processing:
    """DataProcessing of one job; `started` is the job's start as text, for GenerateInferenceId."""

    content_form: str
    accept_form: str
    input_filter: jsonpath.Path
    output_filter: jsonpath.Path
    join: bool
    named: bool
    started: str

    def before(self, record: bytes) -> bytes:
        """What of a record the model is given. Raises RecordError."""
        if not self.input_filter:
            return record
        return _write(self.content_form, _find(self.input_filter, _read(self.content_form, record), "InputFilter"))

    @property
    def needs_records(self) -> bool:
        """Whether answers must be matched with the records that they answer."""
        return self.join or self.named or bool(self.output_filter)

    def after(self, record: bytes, answer: bytes) -> bytes:
        """A line of the output: the answer, with its record if they are joined. Raises RecordError."""
        if self.join and not self.output_filter and not self.named and self.content_form == self.accept_form == _CSV:
            return record.rstrip(b"\r\n") + b"," + answer  # as it came, quotes and all
        value = _read(self.accept_form, answer)
        form = self.accept_form
        if self.join:
            value, form = _join(_read(self.content_form, record), value, self.content_form), self.content_form
        if self.named:
            value = _name(value, self.started)
        if self.output_filter:
            value = _find(self.output_filter, value, "OutputFilter")
        return _write(form, value)


def make(request: dict[str, Any], started: str) -> Processing | None:
    """The job's processing; None where it has none."""
    given = request.get("DataProcessing", {})
    named = bool(request.get("DataCaptureConfig", {}).get("GenerateInferenceId"))
    content = form_of(request["TransformInput"].get("ContentType"))
    processing = Processing(
        content_form=content or "",
        accept_form=form_of(request["TransformOutput"].get("Accept")) or content or "",
        input_filter=jsonpath.parse(given.get("InputFilter", "$")),
        output_filter=jsonpath.parse(given.get("OutputFilter", "$")),
        join=given.get("JoinSource") == "Input",
        named=named,
        started=started,
    )
    return processing if content and (processing.input_filter or processing.needs_records) else None


def _read(form: str, record: bytes) -> Any:
    try:
        text = record.decode("utf-8")
        return next(csv.reader([text.rstrip("\r\n")]), []) if form == _CSV else json.loads(text)
    except (ValueError, csv.Error) as error:
        raise RecordError(f"not {form}: {error}") from error


def _write(form: str, value: Any) -> bytes:
    if form != _CSV:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow(value if isinstance(value, list) else [value])
    return stream.getvalue().encode()


def _find(path: jsonpath.Path, value: Any, name: str) -> Any:
    try:
        return jsonpath.find(path, value)
    except jsonpath.PathError as error:
        raise RecordError(f"{name}: {error}") from error


def _join(record: Any, answer: Any, form: str) -> Any:
    if form == _CSV:
        return [*record, *(answer if isinstance(answer, list) else [answer])]
    if isinstance(record, dict):
        return {**record, "SageMakerOutput": answer}
    return {"SageMakerInput": record, "SageMakerOutput": answer}


def _name(value: Any, started: str, new: Callable[[], uuid.UUID] = uuid.uuid4) -> Any:
    identity = str(new())
    if isinstance(value, list):
        return [*value, identity, started]
    if isinstance(value, dict):
        return {**value, "SageMakerInferenceId": identity, "SageMakerInferenceTime": started}
    raise RecordError("GenerateInferenceId needs an answer that is a JSON object or a row of CSV")
