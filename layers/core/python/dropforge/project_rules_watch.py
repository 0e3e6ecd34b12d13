"""What a monitor, a debugger and the bias and explanation of a candidate need to work at all.

Sources: ../shared/aws/s3_contracts.md, 4 to 6, and botocore's service model.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dropforge.problems import Problem, suggestion
from dropforge.project_base import on
from dropforge.project_rules import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropforge.project import Project
    from dropforge.project_debug import Debug
    from dropforge.project_evaluate import Bias
    from dropforge.project_monitor import Monitor

# s3_contracts, 6 (smdebug_rulesconfig; the profiler's from the developer guide).
TENSOR_RULES = frozenset(
    """
    AllZero CheckInputImages ClassImbalance Confusion CreateXgboostReport DeadRelu ExplodingTensor
    FeatureImportanceOverweight LossNotDecreasing NLPSequenceRatio Overfit Overtraining PoorWeightInitialization
    SaturatedActivation SimilarAcrossRuns StalledTrainingRule TensorVariance TreeDepth UnchangedTensor
    VanishingGradient WeightUpdateRatio
    """.split()  # noqa: SIM905
)
PROFILER_RULES = frozenset(
    """
    BatchSize CPUBottleneck GPUMemoryIncrease IOBottleneck LoadBalancing LowGPUUtilization MaxInitializationTime
    OverallFrameworkMetrics OverallSystemUsage ProfilerReport StepOutlier
    """.split()  # noqa: SIM905
)
# sagemaker dg, debugger-built-in-rules: for deep learning; trees have neither layers nor gradients of weights.
LAYERS = frozenset(
    """
    CheckInputImages DeadRelu ExplodingTensor NLPSequenceRatio PoorWeightInitialization SaturatedActivation
    VanishingGradient WeightUpdateRatio
    """.split()  # noqa: SIM905
)
TREES = frozenset({"CreateXgboostReport", "FeatureImportanceOverweight", "TreeDepth"})
MOST_RULES = 20
# The only forms that a monitoring schedule takes.
CRON = re.compile(r"cron\(0 (?:\*|\d{1,2}|\d{1,2}/\d{1,2}) \? \* \* \*\)")


def watch_rules(project: Project) -> Iterator[Problem]:
    """Everything that is wrong with `monitor`, `debug`, `evaluate.bias` and `evaluate.explain`."""
    evaluate = project.evaluate
    if evaluate.bias and on(evaluate.bias):
        yield from _bias(project, evaluate.bias)
    if project.script and not (project.split and project.split.test):
        for block, name in ((evaluate.bias, "bias"), (evaluate.explain, "explain")):
            if on(block):
                reason = "without `split` no rows are held out to look at"
                yield Problem(("evaluate", name), reason, "set `split:` with a `test` part, or remove it")
    if project.monitor and on(project.monitor):
        yield from _monitor(project, project.monitor)
    if project.debug and on(project.debug):
        yield from _debug(project, project.debug)


def _bias(project: Project, bias: Bias) -> Iterator[Problem]:
    path, columns = ("evaluate", "bias"), project.columns
    for i, facet in enumerate(bias.facets):
        place = (*path, "facets", i)
        if bool(facet.values) == (facet.above is not None):
            yield Problem(place, "needs exactly one of `values` and `above`", "say which rows are the group")
        if facet.column == project.target:
            yield Problem(
                (*place, "column"), "is the target itself", "name a column that the answer should not hang on"
            )
        elif columns and facet.column not in columns:
            yield Problem(
                (*place, "column"), f"{facet.column!r} is not one of `columns`", suggestion(facet.column, columns)
            )
    if project.problem == "regression" and bias.favourable:
        yield Problem((*path, "favourable"), "a number has no favourable classes", "remove it")
    if bias.group and columns and bias.group not in columns:
        yield Problem((*path, "group"), f"{bias.group!r} is not one of `columns`", suggestion(bias.group, columns))
    for metric, limit in bias.limits.items():
        if metric in ("CDDL", "CDDPL") and bias.group is None:
            yield Problem((*path, "limits", metric), "Clarify computes it within groups only", "add `group: <column>`")
        if limit < 0:
            yield Problem((*path, "limits", metric), "is a distance, which is never below 0", "write e.g. 0.2")


def _monitor(project: Project, monitor: Monitor) -> Iterator[Problem]:
    deploy = project.deploy
    if monitor.schedule not in ("hourly", "daily") and not CRON.fullmatch(monitor.schedule):
        reason = f"{monitor.schedule!r} is no schedule that AWS's monitors take"
        yield Problem(("monitor", "schedule"), reason, "write hourly, daily, or e.g. 'cron(0 6 ? * * *)'")
    if not deploy.enabled:
        yield Problem(
            ("monitor",), "watches an endpoint, and `deploy.enabled: false` makes none", "remove one of the two"
        )
    elif not on(deploy.serverless):
        yield from _captured(project)
    for watch, name, needs, block in (
        (monitor.model_quality, "model_quality", "`monitor.truth`", monitor.truth),
        # botocore: ModelBiasJobInput requires GroundTruthS3Input, like ModelQualityJobInput.
        (monitor.bias_drift, "bias_drift", "`monitor.truth`", monitor.truth),
        (monitor.bias_drift, "bias_drift", "`evaluate.bias`", on(project.evaluate.bias)),
        (monitor.attribution_drift, "attribution_drift", "`evaluate.explain`", on(project.evaluate.explain)),
    ):
        if on(watch) and not block:
            reason = f"has nothing to compare with: AWS's monitors need {needs} for it"
            yield Problem(("monitor", name), reason, f"add {needs}")
    yield from _model_quality(project, monitor)


def _captured(project: Project) -> Iterator[Problem]:
    capture = project.deploy.capture
    if project.deploy.serving == "serverless":
        return  # it can capture nothing, which `project_rules_modes` tells
    if not capture or not on(capture):
        reason = "AWS's monitors read what the endpoint captured, and nothing is"
        yield Problem(("monitor",), reason, "add `capture: {}` under `deploy`")
    elif capture.sampling == 0:
        yield Problem(("deploy", "capture", "sampling"), "captures nothing, and `monitor` needs it", "write 1 to 100")
    elif capture.mode != "input_and_output":
        reason = "AWS's monitors need requests and answers"
        yield Problem(("deploy", "capture", "mode"), reason, "write input_and_output, or remove it")


def _model_quality(project: Project, monitor: Monitor) -> Iterator[Problem]:
    path, watch = ("monitor", "model_quality"), monitor.model_quality
    if not watch or not on(watch):
        return
    if watch.min is not None and watch.max is not None and watch.min > watch.max:
        yield Problem((*path, "min"), "is greater than `max`", "swap them")
    known = METRICS[project.problem] if project.problem else [m for group in METRICS.values() for m in group]
    if watch.metric and watch.metric not in known:
        yield Problem((*path, "metric"), "is not measured", suggestion(watch.metric, known))
    if watch.metric and watch.min is None and watch.max is None:
        yield Problem((*path, "metric"), "needs a limit", f"add `min:` or `max:` for {watch.metric}")


def _debug(project: Project, debug: Debug) -> Iterator[Problem]:
    for name in debug.rules:
        yield from _rule(name, project, debug)
    for kinds, what in ((TENSOR_RULES, "rules"), (PROFILER_RULES, "profiler rules")):
        if len(kinds.intersection(debug.rules)) > MOST_RULES:
            yield Problem(
                ("debug", "rules"), f"AWS runs at most {MOST_RULES} {what} beside a training job", "remove some"
            )
    for name in debug.parameters:
        if name not in debug.rules:
            fix = suggestion(name, debug.rules, None if debug.rules else f"add `rules: {{{name}: notify}}`")
            yield Problem(("debug", "parameters", name), "is none of `debug.rules`", fix)
    if debug.engine == "managed" and project.algorithm == "sklearn":
        # sagemaker dg, debugger-supported-frameworks: TensorFlow, PyTorch, MXNet, XGBoost.
        yield Problem(("debug", "engine"), "AWS's Debugger does not look into scikit-learn", "write builtin")


def _rule(name: str, project: Project, debug: Debug) -> Iterator[Problem]:
    path = ("debug", "rules", name)
    if name not in TENSOR_RULES | PROFILER_RULES:
        fix = suggestion(name, sorted(TENSOR_RULES | PROFILER_RULES))
        yield Problem(path, "there is no such rule", fix)
    elif name in LAYERS and project.script is None:
        yield Problem(path, "is about the layers of a neural network, and XGBoost has trees", "remove it")
    elif name in TREES and project.algorithm != "xgboost":
        yield Problem(path, "is about XGBoost's trees", "remove it")
    elif name in PROFILER_RULES and debug.profile is None:
        yield Problem(path, "reads the profiler's metrics, and nothing is profiled", "add `profile: 500`")
