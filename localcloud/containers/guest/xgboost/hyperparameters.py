"""The hyperparameters of AWS's XGBoost algorithm: types, ranges and the container's own error messages.

Source: sagemaker dg "XGBoost hyperparameters" and aws/sagemaker-xgboost-container (image 3.x),
algorithm_mode/hyperparameter_validation.py and sagemaker_algorithm_toolkit/hyperparameter_validation.py.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from typing import Any

from localcloud.containers.guest.xgboost.errors import UserError
from localcloud.containers.guest.xgboost.metrics import METRICS


@dataclass(frozen=True)
class Range:
    """An interval; an open end excludes its limit."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below

    def __str__(self) -> str:
        low = "(-inf" if self.low == -math.inf else f"{'(' if self.low_open else '['}{self.low:g}"
        high = "+inf)" if self.high == math.inf else f"{self.high:g}{')' if self.high_open else ']'}"
        return f"{low}, {high}"


AT_LEAST_0, AT_LEAST_1 = Range(0), Range(1)
SHARE, PART = Range(0, 1), Range(0, 1, low_open=True)
INTEGERS: dict[str, Range] = {
    "num_round": AT_LEAST_1,
    "csv_weights": SHARE,
    "early_stopping_rounds": AT_LEAST_1,
    "verbosity": Range(0, 3),
    "nthread": AT_LEAST_1,
    "max_depth": AT_LEAST_0,
    "refresh_leaf": SHARE,
    "max_leaves": AT_LEAST_0,
    "max_bin": AT_LEAST_0,
    "one_drop": SHARE,
    "num_class": Range(2),
    "seed": Range(-(2**31), 2**31 - 1, low_open=True, high_open=True),
    "num_parallel_tree": AT_LEAST_1,
    "prob_buffer_row": Range(1, low_open=True),
}
NUMBERS: dict[str, Range] = {
    "eta": SHARE,
    "gamma": AT_LEAST_0,
    "min_child_weight": AT_LEAST_0,
    "max_delta_step": AT_LEAST_0,
    "subsample": PART,
    "colsample_bytree": PART,
    "colsample_bylevel": PART,
    "colsample_bynode": PART,
    "lambda": AT_LEAST_0,
    "alpha": AT_LEAST_0,
    "sketch_eps": Range(0, 1, low_open=True, high_open=True),
    "scale_pos_weight": Range(0, low_open=True),
    "rate_drop": SHARE,
    "skip_drop": SHARE,
    "lambda_bias": SHARE,
    "tweedie_variance_power": Range(1, 2, low_open=True, high_open=True),
    "base_score": AT_LEAST_0,
    "aft_loss_distribution_scale": AT_LEAST_0,
}
OBJECTIVES = [
    "binary:logistic",
    "binary:logitraw",
    "binary:hinge",
    "count:poisson",
    "multi:softmax",
    "multi:softprob",
    "rank:pairwise",
    "rank:ndcg",
    "rank:map",
    "reg:linear",
    "reg:squarederror",
    "reg:logistic",
    "reg:gamma",
    "reg:pseudohubererror",
    "reg:squaredlogerror",
    "reg:absoluteerror",
    "reg:tweedie",
    "survival:aft",
    "survival:cox",
]
CHOICES: dict[str, list[str]] = {
    "booster": ["gbtree", "gblinear", "dart"],
    "tree_method": ["auto", "exact", "approx", "hist", "gpu_hist"],
    "dsplit": ["row", "col"],
    "process_type": ["default", "update"],
    "grow_policy": ["depthwise", "lossguide"],
    "predictor": ["auto", "cpu_predictor", "gpu_predictor"],
    "sample_type": ["uniform", "weighted"],
    "normalize_type": ["tree", "forest"],
    "objective": OBJECTIVES,
    "save_model_on_termination": ["true", "false"],
    "aft_loss_distribution": ["normal", "logistic", "extreme"],
    "deterministic_histogram": ["true", "false"],
    "sampling_method": ["uniform", "gradient_based"],
    "use_dask_gpu_training": ["true", "false"],
    "_tuning_objective_metric": [f"validation:{name}" for name in METRICS],
}
UPDATERS = [
    "grow_colmaker",
    "distcol",
    "grow_histmaker",
    "grow_skmaker",
    "grow_quantile_histmaker",
    "sync",
    "refresh",
    "prune",
    "shotgun",
    "coord_descent",
]
ALIASES = {"learning_rate": "eta", "min_split_loss": "gamma", "reg_lambda": "lambda", "reg_alpha": "alpha"}
THRESHOLD_METRICS = ("error", "ndcg", "map")


def validate(given: dict[str, str]) -> dict[str, Any]:
    """Return the typed hyperparameters. Raises UserError with the container's message."""
    named = {ALIASES.get(name, name): value for name, value in given.items()}
    if "num_round" not in named:
        raise UserError("Missing required hyperparameter: num_round")
    typed = {name: _parse(name, value) for name, value in named.items()}
    _check_together(typed)
    return typed


def _parse(name: str, value: str) -> Any:
    try:
        if name in INTEGERS:
            return _within(name, int(value), INTEGERS[name])
        if name in NUMBERS:
            return _within(name, float(value), NUMBERS[name])
        if name in CHOICES:
            return _within(name, value, CHOICES[name])
        if name in _LISTS:
            return _LISTS[name](name, value)
    except (ValueError, SyntaxError) as error:
        raise UserError(f"Hyperparameter {name}: could not parse value") from error
    raise UserError(f"Extraneous hyperparameter found: {name}")


def _within(name: str, value: Any, allowed: Any) -> Any:
    if value not in allowed:
        raise UserError(f"Hyperparameter {name}: {value} is not in {allowed}")
    return value


def _updaters(name: str, value: str) -> str:
    wrong = [part for part in value.split(",") if part not in UPDATERS]
    if wrong:
        raise UserError(f"Hyperparameter {name}: value {wrong} not in range {UPDATERS}")
    return value


def _metrics(name: str, value: str) -> list[str]:
    metrics = [part.strip() for part in value.split(",")]
    for metric in metrics:
        base, separator, threshold = metric.partition("@")
        if separator:
            if base not in THRESHOLD_METRICS:
                raise UserError(
                    f"Metric '{metric}' is not supported. Parameter 'eval_metric' with customized threshold "
                    f"should be one of these options: 'error', 'ndcg', 'map'."
                )
            float(threshold.rstrip("-"))
        elif metric not in METRICS:
            raise UserError(f"Hyperparameter {name}: value {metrics} not in range {list(METRICS)}")
    return metrics


def _monotone(name: str, value: str) -> str:
    constraints = ast.literal_eval(value)
    if not isinstance(constraints, tuple) or any(part not in (-1, 0, 1) for part in constraints):
        raise UserError(f"Hyperparameter {name}: value {value} not in range [-1, 0, 1]")
    return str(constraints)


def _interaction(name: str, value: str) -> str:
    groups = ast.literal_eval(value)
    if not isinstance(groups, list) or any(not isinstance(g, list) or min(g, default=1) < 0 for g in groups):
        raise UserError(f"Hyperparameter {name}: value {value} must be a list of lists of column indices")
    return str(groups)


_LISTS = {
    "updater": _updaters,
    "eval_metric": _metrics,
    "monotone_constraints": _monotone,
    "interaction_constraints": _interaction,
}


def _check_together(typed: dict[str, Any]) -> None:
    """Check the rules between hyperparameters."""
    objective = typed.get("objective", "")
    metrics = typed.get("eval_metric", [])
    if objective.startswith("multi:") and "num_class" not in typed:
        raise UserError("Require input for parameter 'num_class' for multi-classification")
    if not objective and "num_class" in typed:
        raise UserError("Do not need to setup parameter 'num_class' for learning task other than multi-classification.")
    if "auc" in metrics and not objective.startswith(("binary:", "rank:")):
        raise UserError("Metric 'auc' can only be applied for classification and ranking problems.")
    if "aft-nloglik" in metrics and objective != "survival:aft":
        raise UserError("Metric 'aft-nloglik' can only be applied for 'survival:aft' objective.")
    for name, methods in (
        ("monotone_constraints", ("exact", "hist")),
        ("interaction_constraints", ("exact", "hist", "approx")),
    ):
        if name in typed and typed.get("tree_method") not in methods:
            quoted = " or ".join(f"'{method}'" for method in methods)
            raise UserError(f"{name} can be used only when the tree_method parameter is set to either {quoted}.")
