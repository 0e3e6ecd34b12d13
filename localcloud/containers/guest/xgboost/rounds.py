"""What happens after each boosting round: the metric line, a checkpoint, the model so far, an early stop."""

from __future__ import annotations

import logging
import os
import re
import signal
from pathlib import Path
from typing import Any

from localcloud.containers.guest import places
from localcloud.containers.guest.xgboost.library import xgboost as xgb
from localcloud.containers.guest.xgboost.metrics import MAXIMIZED

log = logging.getLogger("sagemaker_xgboost_container")
MODEL = "xgboost-model"
CHECKPOINT = "xgboost-checkpoint"
CHECKPOINTS_KEPT = 5
_CHECKPOINT_FILE = re.compile(rf"^{CHECKPOINT}\.([0-9]+)$")


def callbacks(
    settings: dict[str, Any], metrics: list[str], checkpoints: Path | None, done: int, *, validated: bool
) -> list[xgb.callback.TrainingCallback]:
    """Return what happens after each round: metrics, checkpoint, intermediate model, early stopping.

    metrics: those that are asked for, a tuning job's last; done: rounds that the job had behind it when it was
    resumed (the library counts from 0 again); validated: there is a validation channel.
    """
    wanted: list[xgb.callback.TrainingCallback] = [MetricLine(done)]
    if checkpoints:
        wanted.append(Checkpoint(checkpoints, done))
    if settings.get("save_model_on_termination") == "true":
        wanted.append(IntermediateModel(model_file()))
        signal.signal(signal.SIGTERM, leave_with_model)
    patience = settings.get("early_stopping_rounds")
    metric = metrics[-1] if metrics else None
    if patience and not (validated and metric):
        # So does the image: it stops early by a metric that was named, on the validation channel.
        log.warning("early_stopping_rounds has no effect without a validation channel and eval_metric")
    elif patience:
        wanted.append(
            xgb.callback.EarlyStopping(
                rounds=patience,
                data_name="validation",
                metric_name=metric,
                maximize=metric in MAXIMIZED,
                save_best=True,
            )
        )
    return wanted


def model_file() -> Path:
    """Return where the model goes."""
    return places.base() / "model" / MODEL


def save(booster: xgb.Booster, path: Path) -> None:
    """Save a model as UBJSON, complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".sagemaker-ignore")
    partial.write_bytes(booster.save_raw("ubj"))
    partial.replace(path)


def leave_with_model(_number: int, _frame: object) -> None:
    """End at SIGTERM: the last round's model is in place."""
    log.info("SIGTERM: leaving with the model of the last complete round")
    os._exit(0)


class MetricLine(xgb.callback.EvaluationMonitor):
    """Prints a round's metrics as the image does: `[0]\\ttrain-rmse:0.12345\\tvalidation-rmse:0.23456`."""

    def __init__(self, done: int) -> None:
        super().__init__(logger=lambda text: print(text.rstrip("\n"), flush=True))
        self.done = done

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: Any) -> bool:
        """Print the line; False: go on."""
        return bool(super().after_iteration(model, self.done + epoch, evals_log))


class IntermediateModel(xgb.callback.TrainingCallback):
    """Keeps the model of the last complete round (`save_model_on_termination`)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: object) -> bool:
        """Save the model; False: go on."""
        save(model, self.path)
        return False


class Checkpoint(xgb.callback.TrainingCallback):
    """Writes a checkpoint after each round, for spot training, and keeps the last five."""

    def __init__(self, folder: Path, done: int) -> None:
        self.folder = folder
        self.done = done

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: object) -> bool:
        """Save the round; False: go on."""
        number = self.done + epoch
        save(model, self.folder / f"{CHECKPOINT}.{number}")
        (self.folder / f"{CHECKPOINT}.{number - CHECKPOINTS_KEPT}").unlink(missing_ok=True)
        return False


def checkpoint_folder() -> Path | None:
    """Return the job's checkpoint folder, None if it has none."""
    local = places.config("checkpointconfig.json").get("LocalPath", "/opt/ml/checkpoints")
    relative = Path(local).relative_to("/opt/ml") if local.startswith("/opt/ml") else None
    folder = places.base() / relative if relative else Path(local)
    return folder if folder.is_dir() else None


def last_checkpoint(folder: Path | None) -> tuple[str | None, int]:
    """Return the newest checkpoint's file and the number of rounds it has behind it."""
    files = os.listdir(folder) if folder else []
    rounds = [int(match[1]) for match in map(_CHECKPOINT_FILE.match, files) if match]
    if not folder or not rounds:
        return None, 0
    return str(folder / f"{CHECKPOINT}.{max(rounds)}"), max(rounds) + 1
