"""Requests to an XGBoost model: CSV and libsvm bodies as matrices."""

from __future__ import annotations

import io
import re

import numpy as np
from scipy.sparse import csr_matrix

from localcloud.containers.guest.serving.server import RequestError, UnsupportedContentTypeError
from localcloud.containers.guest.xgboost import channels
from localcloud.containers.guest.xgboost.errors import UserError
from localcloud.containers.guest.xgboost.library import xgboost as xgb

UNSUPPORTED_MEDIA_TYPE = 415
# What makes a delimiter other than the comma possible.
_OTHER = re.compile(r"""[;\t| "']""")


def rows(body: bytes, content_type: str | None, features: int | None = None) -> channels.Array | xgb.DMatrix:
    """Return a request's rows: of CSV as an array, if the library would take it as it is, else as `matrix` does."""
    if channels.content_type_or_none(content_type) == channels.CSV:
        try:
            array = from_csv(body.decode("utf-8").strip())
        except ValueError:
            return matrix(body, content_type, features)  # which says what is wrong
        if not np.isinf(array).any():
            return array
    return matrix(body, content_type, features)


def matrix(body: bytes, content_type: str | None, features: int | None = None) -> xgb.DMatrix:
    """Return a request's rows; without a content type they are libsvm, as for AWS's image.

    features: the model's number of columns, to which libsvm rows are completed. Raises RequestError (415).
    """
    try:
        kind = channels.content_type(content_type)
    except UserError as error:
        raise UnsupportedContentTypeError(str(content_type)) from error
    text = body.decode("utf-8").strip()
    try:
        return xgb.DMatrix(from_csv(text)) if kind == channels.CSV else from_libsvm(text, features)
    except ValueError as error:
        message = f"Loading {kind} data failed with Exception, please ensure data is in {kind} format:\n {error}"
        raise RequestError(UNSUPPORTED_MEDIA_TYPE, message) from error


def from_csv(text: str) -> channels.Array:
    """Return the rows of a CSV text; an empty field is missing. Raises ValueError."""
    first = text.split("\n", 1)[0][:512]
    # The sniffer, a hundred times as slow, would find nothing else.
    delimiter = channels.sniff(first) if _OTHER.search(first) else ","
    rows = [[float(value or "nan") for value in line.strip("\r").split(delimiter)] for line in text.split("\n")]
    return np.array(rows, dtype=np.float32)


def from_libsvm(text: str, features: int | None) -> xgb.DMatrix:
    """Return the rows of a libsvm text, with or without labels. Raises ValueError."""
    values, columns, ends = [], [], [0]
    for line in io.StringIO(text):
        pairs = [pair.partition(":") for pair in line.split() if ":" in pair]
        columns += [int(index) for index, _, _ in pairs]
        values += [float(value) for _, _, value in pairs]
        ends.append(len(columns))
    width = max([features or 0, *(column + 1 for column in columns)])
    return xgb.DMatrix(csr_matrix((values, columns, ends), shape=(len(ends) - 1, width)))
