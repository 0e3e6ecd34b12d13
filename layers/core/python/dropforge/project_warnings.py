"""What a valid project.yaml says that does nothing: not in this version, or not in this combination.

A row that comes to act on a part takes its name out of `LATER`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dropforge import names
from dropforge.problems import Path, Problem, dotted, with_lines
from dropforge.project_base import on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropforge.project import Project

LATER = (
    "tune",
    "monitor",
    "debug",
    "features",
    "label",
    "notify",
    "train.spot",
    "train.checkpoints",
    "train.fallback",
    "evaluate.bias",
    "evaluate.explain",
    "budget.month_usd",
)
LATER_FIX = "leave it for a version that does, or remove it"


def project_warnings(project: Project, lines: dict[str, int]) -> list[dict[str, Any]]:
    """Every warning as `{line, field, reason, fix}`, in the order of lines.

    Args:
        project: as `read_project` gave it.
        lines: as `field_lines` gives them.
    """
    found = [p.as_dict() for p in (*_later(project), *_advice(project))]
    return sorted(with_lines(found, lines), key=lambda warning: warning["line"] or 0)


def _later(project: Project) -> Iterator[Problem]:
    for path in _unused(project):
        name = dotted(path)
        yield Problem(path, f"`{name}` is checked and kept; this version does not act on it yet", LATER_FIX)


def _unused(project: Project) -> Iterator[Path]:
    """What is there, switched on, and belongs to a row that does not exist yet."""
    for name in LATER:
        path = tuple(name.split("."))
        value: Any = project
        for step in path:
            value = getattr(value, step)
        if getattr(value, "enabled", bool(value)):
            yield path


def _advice(project: Project) -> Iterator[Problem]:
    yield from _data(project)
    if project.train.spot and project.script and not project.train.checkpoints:
        reason = "an interrupted spot job begins again: only a script that keeps its state goes on where it was"
        fix = "save to and load from /opt/ml/checkpoints, and add `checkpoints: true`"
        yield Problem(("train", "spot"), reason, fix)
    yield from _deploy(project)
    yield from _tune(project)
    for name, feature in (("monitor", "Model Monitor"), ("debug", "Debugger"), ("label", "Ground Truth")):
        block = getattr(project, name)
        if on(block) and block.engine == "managed":
            reason = f"AWS closed {feature} to accounts that did not use it yet"
            yield Problem((name, "engine"), reason, "write builtin unless your account has it")
    yield from _idle(project)


def _data(project: Project) -> Iterator[Problem]:
    data, given = project.data, project.data.model_fields_set
    if "quiet_period" in given and data.complete_on in ("success", "manifest"):
        reason = f"no drop waits for quiet with `complete_on: {data.complete_on}`"
        yield Problem(("data", "quiet_period"), reason, "remove it, or write `complete_on: any`")
    if "manifest_wait" in given and data.complete_on in ("success", "quiet"):
        reason = f"no manifest is waited for with `complete_on: {data.complete_on}`"
        yield Problem(("data", "manifest_wait"), reason, "remove it, or write `complete_on: any`")


def _deploy(project: Project) -> Iterator[Problem]:
    deploy = project.deploy
    guarded = deploy.moving in ("canary", "linear", "rolling")
    if guarded and deploy.instance_type.startswith("ml.inf1."):
        reason = "on Inf1 instances AWS moves all traffic at once, whatever is asked for"
        yield Problem(("deploy", "strategy"), reason, "choose another instance type, or `all_at_once`")
    if deploy.serving == "batch" and not names.transforms(deploy.instance_type):
        reason = f"AWS has no transform jobs on {deploy.instance_type}, so they run on ml.m5.large"
        yield Problem(("deploy", "instance_type"), reason, "choose another type, or remove it")
    scaling = deploy.scaling
    if scaling and on(scaling) and "initial_instance_count" in deploy.model_fields_set:
        count = deploy.initial_instance_count
        if not scaling.min <= count <= scaling.max:
            reason = f"{count} is outside of `scaling`: AWS goes to between {scaling.min} and {scaling.max} at once"
            fix = f"write {scaling.min or 1} to {scaling.max}, or change `scaling`"
            yield Problem(("deploy", "initial_instance_count"), reason, fix)
    if project.budget.idle_hours is not None and deploy.serving in ("batch", "serverless"):
        reason = f"nothing is billed while nobody asks ({deploy.serving}), so nothing is idle"
        yield Problem(("budget", "idle_hours"), reason, "remove it")


def _tune(project: Project) -> Iterator[Problem]:
    tune = project.tune
    if not tune or not on(tune):
        return
    if tune.parallel > 10:  # noqa: PLR2004
        yield Problem(("tune", "parallel"), "AWS runs 10 at once unless you had it raised", "ask AWS, or write 10")
    if not project.script and project.parts().validation == 0:
        reason = "XGBoost is tuned by its metric on validation rows, and `split` keeps none"
        yield Problem(("split", "validation"), reason, "drop validation data, or write e.g. 0.1")


def _idle(project: Project) -> Iterator[Problem]:
    """Blocks that are on and do nothing."""
    monitor, debug, notify = project.monitor, project.debug, project.notify
    if monitor and on(monitor):
        watches = [monitor.data_quality, monitor.model_quality, monitor.bias_drift, monitor.attribution_drift]
        active = [w for w in watches if w and w.enabled]
        if not active:
            yield Problem(("monitor",), "watches nothing", "add e.g. `data_quality: {}`")
        elif monitor.retraining and not any(w.on_violation == "retrain" for w in active):
            yield Problem(("monitor", "retraining"), "no violation retrains", "add `on_violation: retrain`")
    if debug and on(debug) and not debug.rules and debug.profile is None:
        yield Problem(("debug",), "watches nothing", "add e.g. `rules: {LossNotDecreasing: stop}`")
    if notify and on(notify) and not (notify.email or notify.sms or notify.queue):
        yield Problem(("notify",), "names nobody", "add `email:`, `sms:` or `queue:`")
    capture = project.deploy.capture
    if capture and on(capture) and capture.sampling == 0:
        yield Problem(("deploy", "capture", "sampling"), "0 percent captures nothing", "write 1 to 100")
