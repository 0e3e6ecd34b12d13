"""What turns dropped rows into the model's input: fitted on training rows, kept as JSON, the same in serving.

Version 1 of the format ("dropforge.preprocessor/1"): `delimiter`, `header` and `names` say how the table was
written; `target` which column is learnt; `problem` and `classes` what is predicted; `columns` describes the other
columns in dropped order (see `encoders`); `features` names the columns of the matrix.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dropforge_jobs.encoders import encode, feature_names
from dropforge_jobs.errors import ModelError

VERSION = "dropforge.preprocessor/1"


@dataclass(frozen=True)
class Preprocessor:
    """A fitted preprocessor. `classes` is None for regression; the positive class of two is the last."""

    problem: str
    target: str
    target_index: int
    classes: list[str] | None
    delimiter: str
    header: bool
    columns: list[dict[str, Any]]

    @property
    def names(self) -> list[str]:
        """The columns that a row to predict has, in dropped order."""
        return [column["name"] for column in self.columns]

    @property
    def features(self) -> list[str]:
        """The names of the matrix's columns."""
        return [name for column in self.columns for name in feature_names(column)]

    def transform(self, columns: Sequence[Sequence[str]]) -> np.ndarray[Any, Any]:
        """Turn texts, given column by column, into float32 of shape (rows, features); missing is NaN.

        Raises encoders.ValueRefusedError, which names the column, for a value that cannot be read.
        """
        comma = self.delimiter == ";"
        parts = [encode(column, texts, comma) for column, texts in zip(self.columns, columns)]
        return np.hstack(parts).astype(np.float32, copy=False)

    def to_json(self) -> str:
        """The preprocessor as JSON text, the same bytes for the same fit."""
        content = {"version": VERSION, **asdict(self), "features": self.features}
        return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Preprocessor:
        """Read what `to_json` wrote; ModelError if it is of another version or damaged."""
        try:
            content = json.loads(text)
            version = content.pop("version")
            features = content.pop("features")
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise ModelError(f"preprocessor.json is damaged: {error}") from error
        if version != VERSION:
            raise ModelError(f"preprocessor.json is of version {version!r}; this code reads {VERSION!r}")
        try:
            result = cls(**content)
            same = result.features == features
        except (KeyError, TypeError) as error:
            raise ModelError(f"preprocessor.json is damaged: {error}") from error
        if not same:
            raise ModelError("preprocessor.json was written by code that encodes columns in another way")
        return result

    @classmethod
    def load(cls, model_dir: str | Path) -> Preprocessor:
        """Read the preprocessor.json of an unpacked model."""
        path = Path(model_dir) / "preprocessor.json"
        try:
            return cls.from_json(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ModelError(f"{path}: the model has no preprocessor: {error}") from error
