"""A recorded decision in one sentence: what it was given that mattered, and what came out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cli.history import Step
from cli.text import clock, decoded, plural, size

Facts = dict[str, Any]
LONGEST = 600
PROJECT_INVALID = "ProjectInvalidError"
ACTIONS = ("action", "outcome", "detail_type", "method")


def sentence(name: str, step: Step) -> str:
    """What the function `name` decided (or refused) in this step."""
    if step.error is not None:
        return f"failed: {refusal(step)}" if step.error != PROJECT_INVALID else f"refused: {refusal(step)}"
    if step.answer is None:
        return "was asked; no answer is recorded yet"
    given, gave = (value if isinstance(value, dict) else {} for value in (step.given, step.gave))
    tell = _SENTENCES.get(name, _plainly)
    return short(tell(given, gave))


def refusal(step: Step) -> str:
    """The error of a task in a person's words: problems by field, or the message without its wrapping."""
    cause = decoded(step.cause)
    message = cause.get("errorMessage") if isinstance(cause, dict) else cause
    problems = decoded(message)
    if isinstance(problems, dict) and isinstance(problems.get("problems"), list):
        told = [f"{p.get('field') or 'project.yaml'}: {p.get('reason')}" for p in problems["problems"]]
        return short(f"{step.error}: {'; '.join(told)}")
    return short(f"{step.error}: {message}")


def short(text: str, limit: int = LONGEST) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _plainly(given: Facts, gave: Facts) -> str:
    """For functions that this module does not know: action and reason, else the scalars of the result."""
    action = next((str(gave[name]) for name in ACTIONS if gave.get(name)), "")
    reasons = gave.get("reasons")
    reason = gave.get("reason") or ("; ".join(map(str, reasons)) if isinstance(reasons, list) else "")
    if action or reason:
        return ": ".join(part for part in (action, str(reason)) if part)
    scalars = {k: v for k, v in gave.items() if not isinstance(v, dict | list) and v is not None}
    return ", ".join(f"{k} {v}" for k, v in list(scalars.items())[:6]) or "done"


def _window(given: Facts, gave: Facts) -> str:
    window = given.get("window") or {}
    before = "no such window"
    if window:
        quiet = _data(given).get("quiet_period")
        before = f"window {window.get('state')}, last touched {clock(window.get('touched_at'))[11:]}"
        before += "" if quiet is None else f", quiet period {quiet} s"
        before += ", untouched since the last look" if given.get("seen_touched_at") == window.get("touched_at") else ""
    until = f" until {clock(gave['until'])[11:]}" if gave.get("until") else ""
    return f"{before} → {gave.get('action')}{until} ({gave.get('reason')})"


def _close(given: Facts, gave: Facts) -> str:
    seen = given.get("seen") or {}
    uploads, manifest = len(seen.get("uploads") or []), seen.get("manifest")
    before = f"S3 has {plural(int(seen.get('unclaimed') or 0), 'unrecorded object')} in the folder"
    before += f", {plural(uploads, 'upload')} in progress"
    if manifest:
        before += f", the manifest names {manifest.get('count')}, {manifest.get('missing_count')} of them missing"
    until = f" until {clock(gave['until'])[11:]}" if gave.get("until") else ""
    return f"{before} → {gave.get('action')}{until} ({gave.get('reason')})"


def _judgement(given: Facts, gave: Facts) -> str:
    found = [str(f.get("check")) for f in (given.get("inspection") or {}).get("findings") or []]
    before = f"findings: {', '.join(found)}" if found else "no findings"
    before = "not inspected" if not given.get("inspection") else before
    by = "" if given.get("config") else ", no valid project.yaml"
    return f"{before}{by} → {gave.get('outcome')}: {gave.get('reason')}"


def _inspection(given: Facts, gave: Facts) -> str:
    listing = given.get("listing") or {}
    how = f"as job {(gave.get('request') or {}).get('ProcessingJobName')}" if gave.get("job") else "by a function"
    return f"{plural(int(listing.get('count') or 0), 'object')}, {size(listing.get('bytes') or 0)} → inspected {how}"


def _inspected(given: Facts, gave: Facts) -> str:
    seconds = gave.get("seconds")
    took = sum(v for v in seconds.values() if isinstance(v, int | float)) if isinstance(seconds, dict) else None
    what = f"hashed, profiled and frozen as {str(gave.get('digest'))[:12]}" if gave.get("digest") else "read"
    return what + (f" in {took:.1f} s" if took is not None else "")


def _listing(given: Facts, gave: Facts) -> str:
    return (
        f"{plural(int(gave.get('count') or 0), 'object')}, {size(gave.get('bytes') or 0)} listed in {gave.get('uri')}"
    )


def _looked(given: Facts, gave: Facts) -> str:
    uploads, unclaimed = len(gave.get("uploads") or []), int(gave.get("unclaimed") or 0)
    return f"S3 has {plural(unclaimed, 'object')} unrecorded, {plural(uploads, 'upload')} in progress"


def _gathered(given: Facts, gave: Facts) -> str:
    code, validation = gave.get("code") or {}, gave.get("validation") or {}
    what = f"data set {str(gave.get('digest'))[:12]}"
    what += f", validation {str(validation.get('digest'))[:12]}" if validation else ""
    what += f", code {str(code.get('digest'))[:12]}" if code else ""
    return f"{what} and project.yaml → fingerprint {str(gave.get('fingerprint'))[:12]}"


def _packed(given: Facts, gave: Facts) -> str:
    return f"→ {gave.get('model_data_url')}"


def _data(given: Facts) -> Facts:
    config = decoded(given.get("config"))
    return (config.get("data") or {}) if isinstance(config, dict) else {}


def _reading(given: Facts, gave: Facts) -> str:
    if gave.get("valid"):
        return f"{given.get('key')} is valid (text digest {str(gave.get('text_digest'))[:12]})"
    told = "; ".join(f"line {p.get('line')}, {p.get('field')}: {p.get('reason')}" for p in gave.get("problems") or [])
    return f"{given.get('key')} is not valid: {told or gave.get('name_problem')}"


def _run_plan(given: Facts, gave: Facts) -> str:
    dataset = given.get("dataset") or {}
    job = (gave.get("prepare") or {}).get("ProcessingJobName")
    what = f"preparing job {job}" if job else "no preparing job: the script gets its bytes untouched"
    return (
        f"{plural(int(dataset.get('objects') or 0), 'object')} fit project.yaml → method {gave.get('method')}, {what}"
    )


def _training(given: Facts, gave: Facts) -> str:
    request = gave.get("request") or {}
    resources = request.get("ResourceConfig") or {}
    kind, count = resources.get("InstanceType"), resources.get("InstanceCount")
    parameters = request.get("HyperParameters") or {}
    told = ", ".join(f"{k}={v}" for k, v in sorted(parameters.items()) if not k.startswith("sagemaker_"))
    return f"→ training job {request.get('TrainingJobName')} on {count} × {kind}" + (f"; {told}" if told else "")


def _retry(given: Facts, gave: Facts) -> str:
    name = (given.get("request") or {}).get("TrainingJobName")
    again = (gave.get("request") or {}).get("TrainingJobName")
    if gave.get("retry"):
        return f"{name} failed ({gave.get('reason')}) → again as {again} after {gave.get('wait_seconds')} s"
    return f"{name} failed → not again: {gave.get('reason')}"


def _gate(given: Facts, gave: Facts) -> str:
    return f"→ {'passed' if gave.get('passed') else 'not passed'}: {'; '.join(map(str, gave.get('reasons') or []))}"


def _summary(given: Facts, gave: Facts) -> str:
    cost, seconds = gave.get("cost") or {}, gave.get("seconds") or {}
    usd = cost.get("usd")
    money = f"${float(usd):.4f} at list prices" if isinstance(usd, int | float) else "cost unknown"
    return f"{', '.join(f'{k} {v} s' for k, v in seconds.items()) or 'no job'}; {money}"


def _package(given: Facts, gave: Facts) -> str:
    request = gave.get("package") or {}
    return f"→ register in group {request.get('ModelPackageGroupName')} as {request.get('ModelApprovalStatus')}"


def _deployment(given: Facts, gave: Facts) -> str:
    how = f" by {gave['strategy']}" if gave.get("strategy") and gave.get("action") != "none" else ""
    config = f", configuration {gave['config']}" if gave.get("config") else ""
    return f"→ {gave.get('action')}{how} ({gave.get('reason')}){config}"


def _target(given: Facts, gave: Facts) -> str:
    arns = gave.get("package_arns") or []
    version = f" version {str(arns[0]).rpartition('/')[2]}" if arns else ""
    return f"{given.get('status')} → {gave.get('action')}{version} ({gave.get('reason')})"


def _check(given: Facts, gave: Facts) -> str:
    return f"→ {'deployed' if gave.get('deployed') else 'not deployed'}: {gave.get('reason')}"


def _recovery(given: Facts, gave: Facts) -> str:
    return f"{(given.get('event') or {}).get('status')} → {gave.get('action')} ({gave.get('reason')})"


_SENTENCES: dict[str, Callable[[Facts, Facts], str]] = {
    "intake.plan_window": _window,
    "intake.plan_close": _close,
    "intake.check_window": _looked,
    "intake.list_drop": _listing,
    "intake.plan_inspection": _inspection,
    "intake.inspect_drop": _inspected,
    "intake.judge_drop": _judgement,
    "training.gather_inputs": _gathered,
    "training.package_model": _packed,
    "intake.read_project": _reading,
    "training.plan_run": _run_plan,
    "training.plan_training": _training,
    "training.decide_retry": _retry,
    "training.summarise_run": _summary,
    "training.decide_recovery": _recovery,
    "evaluation.decide_gate": _gate,
    "registry.plan_package": _package,
    "deployment.choose_target": _target,
    "deployment.plan_deployment": _deployment,
    "deployment.check_deployment": _check,
    "deployment.decide_recovery": _recovery,
}
