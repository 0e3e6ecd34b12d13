"""Save the booster for `mlflow models serve`: `python benchmarks/mlflow_model.py BOOSTER FOLDER`."""

from __future__ import annotations

import sys

import mlflow.xgboost
import xgboost

mlflow.xgboost.save_model(xgboost.Booster(model_file=sys.argv[1]), sys.argv[2])
