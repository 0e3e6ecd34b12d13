"""Training in algorithm mode, as AWS's XGBoost image does it (algorithm_mode/train.py, image 3.x)."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any

from localcloud.containers.guest import places
from localcloud.containers.guest.xgboost import channels, hyperparameters, rounds
from localcloud.containers.guest.xgboost.errors import AlgorithmError, UserError
from localcloud.containers.guest.xgboost.library import xgboost as xgb
from localcloud.containers.guest.xgboost.metrics import OWN

log = logging.getLogger("sagemaker_xgboost_container")
# What the library says when the data or settings are at fault (constants/xgb_constants.py, CUSTOMER_ERRORS).
CUSTOMER_ERRORS = (
    "label must be",
    "Target is multiclass but average='binary'",
    "feature_names mismatch",
    "preds.size() == info.labels",
    "only contains pos or neg samples",
    "base_score must be in",
    "should be greater equal to 0",
)
# Hyperparameters that are not the library's.
OWN_KEYS = (
    "num_round",
    "csv_weights",
    "early_stopping_rounds",
    "save_model_on_termination",
    "eval_metric",
    "_tuning_objective_metric",
    "use_dask_gpu_training",
)


def main() -> int:
    """Train and save the model; return the exit status, 1 with /opt/ml/output/failure on error."""
    logging.basicConfig(format="[%(asctime)s:%(levelname)s] %(message)s", level=logging.INFO, stream=sys.stdout)
    log.info("Running XGBoost Sagemaker in algorithm mode")
    try:
        train()
    except Exception as error:
        kind = "UserError" if isinstance(error, UserError) else "AlgorithmError"
        log.exception("Reporting training FAILURE\n%s", traceback.format_exc().rstrip())
        places.write_failure(f"{kind}: {error}")
        return 1
    log.info("Reporting training SUCCESS")
    return 0


def train() -> None:
    """Train from /opt/ml/input to /opt/ml/model. Raises UserError, AlgorithmError."""
    settings = hyperparameters.validate(algorithm_settings())
    data_config = places.config("inputdataconfig.json")
    channels.check(data_config)
    matrices = load_data(data_config, weights=bool(settings.get("csv_weights")))
    try:
        booster = fit(settings, matrices)
    except (xgb.core.XGBoostError, ValueError) as error:
        reason = str(error).partition("Stack trace:")[0].strip()
        if any(text in reason for text in CUSTOMER_ERRORS):
            raise UserError(reason) from error
        raise AlgorithmError(f"XGB train call failed with exception:\n {reason}") from error
    rounds.save(booster, rounds.model_file())


def algorithm_settings() -> dict[str, str]:
    """Return the job's hyperparameters without those that SageMaker's tools add for themselves."""
    given = places.config("hyperparameters.json")
    return {n: places.plain(str(v)) or "" for n, v in given.items() if not n.startswith("sagemaker_")}


def load_data(data_config: dict[str, dict[str, str]], weights: bool) -> dict[str, xgb.DMatrix]:
    """Return the matrices of the train and validation channels. Raises UserError."""
    kind = channels.content_type(data_config["train"].get("ContentType"))
    matrices: dict[str, xgb.DMatrix] = {}
    for name in ("train", "validation"):
        if name not in data_config:
            continue
        folder = places.base() / "input/data" / name
        matrix = channels.load(folder, kind, weights)
        if matrix is None:
            word = "training" if name == "train" else name
            raise UserError(f"No data in {word} channel path {folder}")
        log.info("%s matrix has %d rows and %d columns", name.capitalize(), matrix.num_row(), matrix.num_col())
        matrices[name] = matrix
    return matrices


def fit(settings: dict[str, Any], matrices: dict[str, xgb.DMatrix]) -> xgb.Booster:
    """Run the boosting rounds, from the last checkpoint if there is one."""
    tuned = settings.get("_tuning_objective_metric", "").partition(":")[2]
    metrics = [name for name in settings.get("eval_metric", []) if name != tuned] + ([tuned] if tuned else [])
    folder = rounds.checkpoint_folder()
    start, done = rounds.last_checkpoint(folder)
    log.info("Single node training.")
    if start:
        log.info("Checkpoint loaded from %s; resuming from iteration %d", start, done)
    parameters = {name: value for name, value in settings.items() if name not in OWN_KEYS}
    ours = [name for name in metrics if name in OWN]
    if len(ours) < len(metrics):
        parameters["eval_metric"] = [name for name in metrics if name not in ours]
    return xgb.train(
        parameters,
        matrices["train"],
        num_boost_round=max(settings["num_round"] - done, 0),
        evals=[(matrix, name) for name, matrix in matrices.items()],
        custom_metric=custom_metric(ours, settings.get("objective", "")),
        callbacks=rounds.callbacks(settings, metrics, folder, done, validated="validation" in matrices),
        xgb_model=start,
        verbose_eval=False,
    )


def custom_metric(names: list[str], objective: str) -> Any:
    """Return the function for the image's own metrics, None if none is asked for."""
    if not names:
        return None
    from localcloud.containers.guest.xgboost import score  # imports scikit-learn: half a second

    return score.evaluator(names, objective)
