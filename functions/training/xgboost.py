"""Hyperparameters of the built-in XGBoost image. Every value is a string: SageMaker knows no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dropforge.errors import ProjectInvalidError
from dropforge.project_rules import OBJECTIVES, objective_problem

if TYPE_CHECKING:
    from dropforge.project import HyperParameter

# Early stopping watches the last of them.
METRICS = {"binary": "error,auc,logloss", "multiclass": "merror,mlogloss", "regression": "mae,rmse"}
SENSIBLE: dict[str, HyperParameter] = {"num_round": 200, "max_depth": 6, "eta": 0.1, "subsample": 0.9, "seed": 42}
EARLY_STOPPING_ROUNDS = 20
ALIASES = {"learning_rate": "eta", "reg_alpha": "alpha", "reg_lambda": "lambda", "min_split_loss": "gamma"}


def hyperparameters(given: dict[str, HyperParameter], found: dict[str, Any]) -> dict[str, str]:
    """The project's hyperparameters over sensible ones for what the preparing job found.

    Args:
        given: as in project.yaml.
        found: the preparing job's summary.json (`problem`, number of `classes`, `rows`).

    Raises:
        ProjectInvalidError: an objective that does not fit the problem.
    """
    problem = found["problem"]
    wrong = objective_problem(given["objective"], problem) if "objective" in given else None
    if wrong:
        raise ProjectInvalidError([wrong.as_dict()])
    chosen: dict[str, HyperParameter] = {
        **SENSIBLE,
        "objective": OBJECTIVES[problem][0],
        "eval_metric": METRICS[problem],
    }
    if problem == "multiclass":
        chosen["num_class"] = found["classes"]
    if found["rows"].get("validation"):
        chosen["early_stopping_rounds"] = EARLY_STOPPING_ROUNDS
    chosen |= {ALIASES.get(name, name): value for name, value in given.items()}
    return {name: text(value) for name, value in sorted(chosen.items())}


def text(value: HyperParameter) -> str:
    """A value as the images read it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
