"""Training data as matrices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import xgboost  # noqa: F401 (whole, before `channels` imports it without the estimators that a script may use)

from localcloud.containers.guest.xgboost import channels
from localcloud.containers.guest.xgboost.errors import UserError

if TYPE_CHECKING:
    import xgboost as xgb


def get_dmatrix(
    data_path: str | list[str], content_type: str, csv_weights: int = 0, is_pipe: bool = False
) -> xgb.DMatrix | None:
    """Return the matrix of a channel's folder (csv or libsvm), None without data. Raises UserError."""
    if is_pipe or not isinstance(data_path, str):
        raise UserError("get_dmatrix: the local cloud reads one folder in File mode")
    return channels.load(Path(data_path), channels.content_type(content_type), bool(csv_weights))
