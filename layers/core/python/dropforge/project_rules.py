"""What types cannot say about a project.yaml: combinations that make no sense, and what AWS would refuse.

The rules of the parts that few projects have are in modules of their own, which are imported when a file has the part.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dropforge.images_allowed import allowed
from dropforge.problems import Problem, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropforge.project import Project

# Of evaluation.json (Model Monitor's names), by problem type.
METRICS = {
    "binary": ("accuracy", "auc", "f1", "precision", "recall", "f0_5", "f2", "log_loss"),
    "multiclass": (
        "accuracy",
        *(f"{mean}_{name}" for mean in ("weighted", "macro") for name in ("f1", "precision", "recall", "f0_5", "f2")),
        "log_loss",
    ),
    "regression": ("r2", "rmse", "mae", "mse"),
}
# The image refuses others. Source: sagemaker-xgboost-container, algorithm_mode/hyperparameter_validation.py.
XGBOOST = frozenset(
    """
    alpha base_score booster colsample_bylevel colsample_bynode colsample_bytree csv_weights deterministic_histogram
    early_stopping_rounds eta eval_metric gamma grow_policy interaction_constraints lambda lambda_bias learning_rate
    max_bin max_delta_step max_depth max_leaves min_child_weight min_split_loss monotone_constraints normalize_type
    nthread num_class num_parallel_tree num_round objective one_drop predictor process_type rate_drop refresh_leaf
    reg_alpha reg_lambda sample_type save_model_on_termination scale_pos_weight seed single_precision_histogram
    sketch_eps skip_drop subsample tree_method tweedie_variance_power updater verbosity
    """.split()  # noqa: SIM905
)
# Objectives whose answers our inference code understands: a probability per class, or a number.
OBJECTIVES = {
    "binary": ("binary:logistic",),
    "multiclass": ("multi:softprob",),
    "regression": (
        "reg:squarederror",
        "reg:squaredlogerror",
        "reg:absoluteerror",
        "reg:pseudohubererror",
        "reg:gamma",
        "reg:tweedie",
        "count:poisson",
    ),
}


def broken_rules(project: Project, allowed_images: str = "") -> Iterator[Problem]:
    """Everything that is wrong, not only the first."""
    from dropforge.project_rules_instances import instance_rules

    yield from _target(project)
    yield from _data(project)
    yield from _split(project)
    yield from _script(project) if project.script else _built_in(project)
    yield from _spot(project)
    yield from _evaluate(project)
    yield from _parts(project)
    yield from instance_rules(project)
    image = project.train.image
    if image and not allowed(image, allowed_images):
        fix = f"remove it, or ask the owner of the stack to allow it (allowed: {allowed_images or 'none so far'})"
        yield Problem(("train", "image"), "this image is not on the list that the stack's owner allows", fix)


def _parts(project: Project) -> Iterator[Problem]:
    deploy, evaluate = project.deploy, project.evaluate
    if deploy.model_fields_set - {"enabled", "instance_type", "initial_instance_count"}:
        from dropforge.project_rules_deploy import deploy_rules

        yield from deploy_rules(project)
    if project.tune:
        from dropforge.project_rules_tune import tune_rules

        yield from tune_rules(project)
    if project.monitor or project.debug or evaluate.bias or evaluate.explain:
        from dropforge.project_rules_watch import watch_rules

        yield from watch_rules(project)
    if project.features or project.label or project.notify:
        from dropforge.project_rules_people import people_rules

        yield from people_rules(project)
    budget = project.budget
    if budget.run_usd is not None and budget.month_usd is not None and budget.month_usd < budget.run_usd:
        yield Problem(
            ("budget", "month_usd"), "is less than one run may cost (`run_usd`)", "raise it, or lower `run_usd`"
        )


def objective_problem(objective: object, problem: str | None) -> Problem | None:
    """Why an XGBoost objective cannot be used; None if it can."""
    possible = OBJECTIVES[problem] if problem else tuple(o for group in OBJECTIVES.values() for o in group)
    if objective in possible:
        return None
    where = f"for a {problem} target" if problem else "here"
    path = ("train", "hyperparameters", "objective")
    return Problem(path, f"{objective!r} cannot be used {where}", f"write one of: {', '.join(possible)}")


def _target(project: Project) -> Iterator[Problem]:
    target, columns = project.target, project.columns
    if target is None:
        if project.script is None:
            yield Problem(("target",), "is required", "name the column to predict, e.g. `target: income`")
        return
    if columns is None:
        return
    if len(set(columns)) != len(columns):
        twice = next(c for c in columns if columns.count(c) > 1)
        yield Problem(("columns",), f"{twice!r} is there twice", "give every column a name of its own")
    if isinstance(target, str) and target not in columns:
        yield Problem(("target",), f"{target!r} is not one of `columns`", suggestion(target, columns))
    if isinstance(target, int) and not -len(columns) <= target < len(columns):
        yield Problem(("target",), f"there are only {len(columns)} columns", f"write 0 to {len(columns) - 1}, or -1")


def _data(project: Project) -> Iterator[Problem]:
    data = project.data
    if project.columns and data.format in ("jsonl", "parquet"):
        reason = f"{data.format} files carry the names of their columns"
        yield Problem(("columns",), reason, "remove it; `columns` is for files without header")
    learns_rows = project.script is None or project.split is not None
    if data.checks.no_target != "refuse" and learns_rows:
        reason = "without its target nothing can be learnt, so the run would only fail later"
        yield Problem(("data", "checks", "no_target"), reason, "write refuse")


def _spot(project: Project) -> Iterator[Problem]:
    """botocore, StoppingCondition.MaxWaitTimeInSeconds; ../shared/aws/s3_contracts.md, 8."""
    train = project.train
    if train.max_wait is None:
        return
    if not train.spot:
        yield Problem(("train", "max_wait"), "AWS takes a longest wait for spot training only", "add `spot: true`")
    elif train.max_wait < train.max_runtime:
        reason = f"AWS wants it to be at least `max_runtime` ({train.max_runtime}): it is waiting and training together"
        yield Problem(("train", "max_wait"), reason, f"write {train.max_runtime} or more, e.g. {2 * train.max_runtime}")


def _split(project: Project) -> Iterator[Problem]:
    split = project.split
    if split is None:
        return
    if split.test + split.validation >= 1:
        yield Problem(("split",), "test and validation leave nothing to train on", "make their sum less than 1")
    if split.stratify and project.problem == "regression":
        yield Problem(("split", "stratify"), "a number has no classes to stratify by", "remove it")
    if split.by is None:
        return
    given = [v for v in (split.by.time, split.by.group) if v is not None]
    if len(given) != 1:
        yield Problem(("split", "by"), "needs exactly one of `time` and `group`", "keep one")
    if split.stratify:
        yield Problem(("split", "stratify"), "does not go together with `by`", "remove one of the two")
    for name in given:
        if project.columns and name not in project.columns:
            yield Problem(("split", "by"), f"{name!r} is not one of `columns`", suggestion(name, project.columns))


def _script(project: Project) -> Iterator[Problem]:
    if project.split and project.target is None:
        yield Problem(("target",), "is required to evaluate on the rows that `split` keeps", "name the column")
    for i, metric in enumerate(project.train.metrics):
        path = ("train", "metrics", i, "regex")
        try:
            groups = re.compile(metric.regex).groups
        except re.error as error:
            yield Problem(path, f"not a regular expression: {error}", "put it in single quotes and check it")
            continue
        if groups != 1:
            yield Problem(path, f"has {groups} groups", "put exactly one pair of parentheses around the number")
    for ours, theirs in project.train.channels.items():
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", theirs) or theirs == "code":
            yield Problem(("train", "channels", ours), f"{theirs!r} cannot name a channel", "use letters and digits")


def _built_in(project: Project) -> Iterator[Problem]:
    train = project.train
    if train.metrics:
        reason = "the built-in algorithm has metrics of its own, and AWS refuses others"
        yield Problem(("train", "metrics"), reason, "remove them, or set `train.script`")
    if train.channels:
        yield Problem(("train", "channels"), "only a script's channels can be renamed", "remove it")
    for name in train.hyperparameters:
        if name not in XGBOOST:
            reason = "XGBoost's image knows no such hyperparameter"
            yield Problem(("train", "hyperparameters", name), reason, suggestion(name, sorted(XGBOOST)))
    objective = train.hyperparameters.get("objective")
    wrong = objective_problem(objective, project.problem) if objective is not None else None
    if wrong:
        yield wrong
    if project.split and project.split.test == 0:
        yield Problem(("split", "test"), "nothing would be left to evaluate on", "write e.g. 0.2")


def _evaluate(project: Project) -> Iterator[Problem]:
    gate = project.evaluate
    if gate.min is not None and gate.max is not None and gate.min > gate.max:
        yield Problem(("evaluate", "min"), "is greater than `max`", "swap them")
    if gate.metric is None:
        return
    if gate.min is None and gate.max is None:
        yield Problem(("evaluate", "metric"), "needs a limit", f"add `min:` or `max:` for {gate.metric}")
    if project.script and not (project.split and project.split.test):
        names = [m.name for m in project.train.metrics]
        if gate.metric not in names:
            fix = "add it under train.metrics with a regex, or set `split:` to have held-out rows"
            yield Problem(("evaluate", "metric"), "without `split` only a metric that the script prints is known", fix)
        return
    known = METRICS[project.problem] if project.problem else [m for group in METRICS.values() for m in group]
    if gate.metric not in known:
        yield Problem(("evaluate", "metric"), "is not measured", suggestion(gate.metric, list(known)))
