"""Request bodies as matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xgboost  # noqa: F401 (whole, before `requests` imports it without the estimators that a script may use)

from localcloud.containers.guest.xgboost import requests

if TYPE_CHECKING:
    import xgboost as xgb


def _bytes(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


def csv_to_dmatrix(input: str | bytes, dtype: object = None) -> xgb.DMatrix:  # noqa: A002 (AWS's name)
    """Return the rows of a CSV text."""
    return requests.matrix(_bytes(input), "text/csv")


def libsvm_to_dmatrix(string_like: str | bytes) -> xgb.DMatrix:
    """Return the rows of a libsvm text."""
    return requests.matrix(_bytes(string_like), "text/libsvm")


def decode(obj: str | bytes, content_type: str) -> xgb.DMatrix:
    """Return the rows of a body of that content type."""
    return requests.matrix(_bytes(obj), content_type)
