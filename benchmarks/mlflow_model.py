"""Save the booster for `mlflow models serve`: `python benchmarks/mlflow_model.py BOOSTER FOLDER`."""

from __future__ import annotations

import sys

import mlflow.xgboost
import xgboost

# Named, or MLflow would look for them, and that takes longer than everything else here.
requirements = ["xgboost"]
mlflow.xgboost.save_model(xgboost.Booster(model_file=sys.argv[1]), sys.argv[2], pip_requirements=requirements)
