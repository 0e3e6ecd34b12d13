"""What AWS would refuse in a tuning job. Sources: ../shared/aws/s3_contracts.md, 7, and botocore's service model."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from dropforge.problems import Problem, suggestion
from dropforge.project_base import on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropforge.project import Project
    from dropforge.project_tune import Range, Tune

MOST_JOBS, MOST_RANDOM_JOBS, DEFAULT_JOBS = 750, 10_000, 20
# Source of both: sagemaker-xgboost-container, constants/xgb_constants.py, in front of each "validation:".
MAXIMIZED = frozenset(
    """
    accuracy auc aucpr balanced_accuracy f1 f1_binary f1_macro map ndcg precision precision_macro precision_micro r2
    recall recall_macro recall_micro
    """.split()  # noqa: SIM905
)
MINIMIZED = frozenset(
    """
    aft-nloglik cox-nloglik error gamma-deviance gamma-nloglik interval-regression-accuracy logloss mae mape merror
    mlogloss mphe mse poisson-nloglik rmse rmsle tweedie-nloglik
    """.split()  # noqa: SIM905
)
# (least, greatest, whole numbers only). Source: the same, algorithm_mode/hyperparameter_validation.py, `tunable=True`.
TUNABLE: dict[str, tuple[float, float | None, bool]] = {
    "num_round": (1, None, True),
    "max_depth": (0, None, True),
    "eta": (0, 1, False),
    "gamma": (0, None, False),
    "min_child_weight": (0, None, False),
    "max_delta_step": (0, None, False),
    "subsample": (0, 1, False),
    "colsample_bytree": (0, 1, False),
    "colsample_bylevel": (0, 1, False),
    "colsample_bynode": (0, 1, False),
    "lambda": (0, None, False),
    "alpha": (0, None, False),
}
ALIASES = {"learning_rate": "eta", "reg_alpha": "alpha", "reg_lambda": "lambda", "min_split_loss": "gamma"}


def tune_rules(project: Project) -> Iterator[Problem]:
    """Everything that is wrong with `tune`."""
    tune = project.tune
    if tune is None or not on(tune):
        return
    yield from _metric(project, tune)
    for name, found in tune.ranges.items():
        yield from _range(name, found, project)
    if project.script and not tune.ranges:
        yield Problem(
            ("tune", "ranges"), "only you know a script's hyperparameters", "add e.g. `lr: {min: 0.01, max: 1}`"
        )
    yield from _jobs(tune)
    yield from _strategy(tune)
    parents = tune.warm_start.parents if tune.warm_start else []
    if len(set(parents)) != len(parents):
        yield Problem(("tune", "warm_start", "parents"), "names a tuning job twice", "keep one")


def _metric(project: Project, tune: Tune) -> Iterator[Problem]:
    if project.script:
        names = [m.name for m in project.train.metrics]
        if tune.metric is None:
            reason = "is required for a script: AWS compares the training jobs by a metric that they print"
            yield Problem(("tune", "metric"), reason, "write the name of one of `train.metrics`")
        elif tune.metric not in names:
            fix = suggestion(tune.metric, names, None if names else "add it under train.metrics with a regex")
            yield Problem(("tune", "metric"), "is none of `train.metrics`, so AWS could not read it", fix)
        if tune.goal is None:
            yield Problem(("tune", "goal"), "is required for a script's metric", "write maximize or minimize")
        return
    if tune.metric is None:
        return
    short = tune.metric.removeprefix("validation:")
    if short == tune.metric or short not in MAXIMIZED | MINIMIZED:
        known = sorted(f"validation:{m}" for m in MAXIMIZED | MINIMIZED)
        yield Problem(("tune", "metric"), "XGBoost's image cannot be tuned by it", suggestion(tune.metric, known))
    elif tune.goal and (tune.goal == "maximize") != (short in MAXIMIZED):
        right = "maximize" if short in MAXIMIZED else "minimize"
        yield Problem(("tune", "goal"), f"AWS knows {tune.metric} as one to {right}", f"write {right}, or remove it")


def _range(name: str, found: Range, project: Project) -> Iterator[Problem]:
    path = ("tune", "ranges", name)
    if name in project.train.hyperparameters:
        reason = "is also in `train.hyperparameters`: AWS takes a hyperparameter as fixed or searched, not both"
        yield Problem(path, reason, "remove one of the two")
    if found.values is not None:
        if found.min is not None or found.max is not None or "scale" in found.model_fields_set:
            yield Problem(path, "has `values`, so `min`, `max` and `scale` mean nothing", "keep one of the two forms")
        if len({str(v) for v in found.values}) != len(found.values):
            yield Problem((*path, "values"), "names a value twice", "keep one")
    elif found.min is None or found.max is None:
        yield Problem(path, "needs `min` and `max`, or `values`", "write e.g. {min: 0.01, max: 0.3, scale: log}")
        return
    else:
        yield from _interval(path, found.min, found.max, found.scale)
    if not project.script:
        yield from _tunable(path, name, found)


def _interval(path: tuple[str, ...], low: float, high: float, scale: str) -> Iterator[Problem]:
    if low >= high:
        yield Problem((*path, "min"), f"is not less than `max` ({high})", "write the smaller one as `min`")
    # botocore, ContinuousParameterRange.ScalingType.
    elif scale == "log" and low <= 0:
        yield Problem(
            (*path, "min"), "AWS searches on a log scale only above 0", "write e.g. 0.001, or `scale: linear`"
        )
    elif scale == "reverse_log" and not (low >= 0 and high < 1):
        yield Problem((*path, "scale"), "AWS searches on a reverse log scale only from 0 to below 1", "write linear")
    elif scale == "reverse_log" and isinstance(low, int) and isinstance(high, int):
        yield Problem((*path, "scale"), "AWS has no reverse log scale for whole numbers", "write linear")


def _tunable(path: tuple[str, ...], name: str, found: Range) -> Iterator[Problem]:
    if name not in TUNABLE:
        fix = f"write `{ALIASES[name]}`" if name in ALIASES else suggestion(name, TUNABLE)
        yield Problem(path, "XGBoost's image does not let AWS tune it", fix)
        return
    least, greatest, whole = TUNABLE[name]
    limits = f"{least:g} to {greatest:g}" if greatest is not None else f"{least:g} or more"
    ends = [v for v in (found.min, found.max, *(found.values or [])) if v is not None]
    for value in ends:
        if isinstance(value, str) or value < least or (greatest is not None and value > greatest):
            yield Problem(path, f"{value!r} is not possible: XGBoost takes {limits}", f"stay within {limits}")
        elif whole and not isinstance(value, int):
            yield Problem(path, f"{value!r} is not possible: XGBoost takes whole numbers", "leave the fraction away")


def _jobs(tune: Tune) -> Iterator[Problem]:
    jobs = tune.jobs or DEFAULT_JOBS
    if tune.strategy != "grid" and tune.parallel > jobs:
        yield Problem(("tune", "parallel"), f"is more than the {jobs} `jobs` in all", "lower it, or raise `jobs`")
    if jobs > MOST_JOBS and tune.strategy != "random":
        reason = (
            f"AWS runs at most {MOST_JOBS} training jobs in one tuning job ({MOST_RANDOM_JOBS:,} with random search)"
        )
        yield Problem(("tune", "jobs"), reason, f"write {MOST_JOBS} or less, or `strategy: random`")


def _strategy(tune: Tune) -> Iterator[Problem]:
    if tune.strategy == "grid":
        yield from _grid(tune)
    if tune.strategy == "hyperband":
        # botocore, HyperParameterTuningJobConfig.TrainingJobEarlyStoppingType.
        if tune.early_stopping:
            reason = "Hyperband stops training jobs by itself, and AWS wants the other way of stopping off"
            yield Problem(("tune", "early_stopping"), reason, "remove it")
        if tune.min_resource and tune.max_resource and tune.min_resource > tune.max_resource:
            yield Problem(("tune", "min_resource"), "is greater than `max_resource`", "swap them")
        return
    for name in ("min_resource", "max_resource"):
        if name in tune.model_fields_set:
            yield Problem(
                ("tune", name), "AWS takes it for Hyperband only", "remove it, or write `strategy: hyperband`"
            )


def _grid(tune: Tune) -> Iterator[Problem]:
    """sagemaker dg, automatic-model-tuning-how-it-works: grid search."""
    sizes = []
    for name, found in tune.ranges.items():
        if found.values is None:
            reason = "AWS's grid search takes lists of values only"
            yield Problem(("tune", "ranges", name), reason, "write `values: […]`, or another `strategy`")
        else:
            sizes.append(len(found.values))
    if not tune.ranges:
        yield Problem(("tune", "strategy"), "a grid needs `ranges` with lists of values", "add them, or write bayesian")
    combinations = prod(sizes)
    if len(sizes) < len(tune.ranges) or not sizes:
        return
    if tune.jobs is not None and tune.jobs != combinations:
        reason = f"AWS tries every combination in a grid, and there are {combinations}"
        yield Problem(("tune", "jobs"), reason, f"remove it, or write {combinations}")
    elif tune.jobs is None and combinations > MOST_JOBS:
        reason = f"has {combinations} combinations: AWS runs at most {MOST_JOBS} training jobs in one tuning job"
        yield Problem(("tune", "ranges"), reason, "leave values out, or write `strategy: random`")
