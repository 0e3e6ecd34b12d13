"""From what pydantic found wrong to reason and fix, in words that fit the file. Imported when something is wrong."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from dropforge.problems import Path, Problem, suggestion
from dropforge.project_shape import keys, limits

_KINDS = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a block of `key: value` lines",
    "model_type": "a block of `key: value` lines",
}
_LIMITS = {
    "greater_than_equal", "greater_than", "less_than_equal", "less_than", "multiple_of",
    "too_short", "too_long", "string_too_short", "string_too_long",
}  # fmt: skip
# Algorithms of AWS's that people know and expect; nothing could train them yet.
_NOT_YET = {"autopilot", "blazingtext", "catboost", "lightgbm", "linear-learner", "mxnet", "pytorch", "tensorflow"}
# Where several kinds of value may stand, pydantic tells of each.
_EITHER = {
    "target": ("a column", "write its name, or its index (-1 is the last)"),
    "deploy.model": ("a version", "write its number in the registry, `live` or `latest`"),
    "tune.values": ("text or a number", "write text or a number"),
    "evaluate.values": ("text or a number", "write text or a number"),
    "evaluate.favourable": ("text or a number", "write text or a number"),
}
_PATTERNS = {
    "instance_type": "write a SageMaker instance type such as ml.m5.large",
    "fallback": "write SageMaker instance types such as ml.m5.large",
    "script": "write the name of a file directly under code/, such as train.py",
    "email": "write an address such as ada@example.com",
    "sms": "write the number with + and country code, in quotes: '+441632960001'",
    "queue": "write the queue's ARN: arn:aws:sqs:<region>:<account>:<name>",
    "workteam": "write the team's ARN: arn:aws:sagemaker:<region>:<account>:workteam/private-crowd/<name>",
    "keywords": "use letters and digits, with single spaces between words",
    "alarms": "write the name of a CloudWatch alarm",
    "from": "write hours and minutes, such as 22:00",
    "until": "write hours and minutes, such as 06:00",
    "timezone": "write a name such as Europe/Berlin",
    "group": "use up to 64 letters, digits, - and _, starting with a letter or digit",
}
# Keys of earlier versions, and what is said instead.
_MOVED: dict[Path, tuple[str, str]] = {
    ("deploy", "rollout", "type"): (
        "`rollout.type` is now `deploy.strategy`",
        "remove it, and write `strategy: {}` directly under `deploy`",
    ),
    ("deploy", "shadow", "days"): (
        "`shadow.days` is now `shadow.longest`, in seconds",
        "write `longest: 86400` for each day",
    ),
    ("deploy", "shadow", "model"): ("the version in the shadow is now the one that is approved", "remove it"),
}
_NAME_FIX = "use letters, digits and hyphens, starting and ending with a letter or digit"
# Why AWS draws the line there. The rest of the limits are ours, or need no reason.
_AWS = {
    "max_wait": "a training job has 28 days at most",
    "max_runtime": "AWS ends the job then, after 28 days (a tuning job: 182) at the latest",
    "memory": "serverless endpoints have 1 to 6 GB, in steps of 1 GB",
    "max_concurrency": "a serverless endpoint answers at most 200 requests at once",
    "provisioned": "a serverless endpoint answers at most 200 requests at once",
    "wait": "AWS waits at most an hour between two steps",
    "bake": "AWS keeps the old instances for at most an hour",
    "timeout": "AWS gives a deployment 10 minutes to 8 hours",
    "alarms": "AWS watches at most 10 alarms, and two are ours",
    "variants": "an endpoint has 1 to 10 variants",
    "longest": "a shadow test takes 30 days at most",
    "ranges": "a tuning job searches at most 30 hyperparameters",
    "values": "AWS takes 1 to 30 values",
    "parents": "AWS takes 1 to 5 parents",
    "parallel": "AWS runs 10 training jobs of a tuning job at once, 100 on request",
    "jobs": "AWS runs at most 750 training jobs in one tuning job, 10,000 with random search",
    "metrics": "a training job has at most 40 metrics",
    "workers": "AWS shows an object to 1 to 9 people",
    "time_limit": "AWS gives a worker 30 seconds to 8 hours",
    "available": "AWS offers a task for a minute to 30 days",
    "keywords": "AWS takes at most 5 keywords of 30 characters",
    "title": "AWS takes 128 characters",
    "instruction": "AWS takes 255 characters",
    "collections": "AWS saves at most 20 collections of tensors",
    "max_concurrent": "AWS sends an instance at most 1,000 requests at once",
    "sampling": "it is a percentage",
}


def problem(error: Any, values: dict[str, Any]) -> Problem:
    """One of pydantic's errors, as a problem of the file whose values these are."""
    kind, given = error["type"], error.get("input")
    path = _path(error["loc"], values, missing=kind == "missing")
    if kind == "extra_forbidden":
        if moved := _MOVED.get(path):
            return Problem(path, moved[0], moved[1].format(str(given).replace("-", "_")))
        known = keys(path[:-1])
        otherwise = f"remove it; possible here: {', '.join(known)}"
        return Problem(path, "unknown key", suggestion(str(path[-1]), known, otherwise))
    return Problem(path, *_reason_and_fix(kind, path, given, error))


def _reason_and_fix(kind: str, path: Path, given: Any, error: Any) -> tuple[str, str]:
    last = str(next((step for step in reversed(path) if isinstance(step, str)), ""))
    if kind == "missing":
        return "is required", f"add `{path[-1]}:`; see docs/project.md"
    either = _EITHER.get(last if len(path) == 1 else f"{path[0]}.{last}")
    if either and kind not in _LIMITS | {"list_type"}:
        return f"must be {either[0]}, not {_shown(given)}", either[1]
    if kind == "literal_error":
        return _not_one_of(path, given, str(error["ctx"]["expected"]).replace("'", ""))
    if kind == "string_pattern_mismatch":
        return f"{_shown(given)} does not look right", _PATTERNS.get(last, _NAME_FIX)
    if kind in _KINDS:
        fix = "put it in quotes" if kind == "string_type" and given is not None else f"write {_KINDS[kind]}"
        return f"must be {_KINDS[kind]}, not {_shown(given)}", fix
    text = error["msg"].replace("Input should", "should").replace("Value error, ", "")
    because = f": {_AWS[last]}" if last in _AWS else ""
    fix = _within(limits(path)) if kind in _LIMITS else "see docs/project.md for what is possible"
    return f"{text} (it is {_shown(given)}){because}", fix


def _not_one_of(path: Path, given: Any, allowed: str) -> tuple[str, str]:
    if path == ("algorithm",) and str(given) in _NOT_YET:
        return f"{given} is not in this version", "write xgboost, or sklearn for a script of your own"
    close = get_close_matches(str(given), allowed.replace(" or ", ", ").split(", "), n=1)
    return f"{_shown(given)} is not one of: {allowed}", f"write {close[0] if close else 'one of them'}"


def _within(found: dict[str, Any]) -> str:
    """The fix for a value outside of its limits: which would be inside."""
    if "min_length" in found or "max_length" in found:
        least, most = found.get("min_length", 0), found.get("max_length")
        return f"write {least} to {most}" if most is not None else f"write at least {least}"
    low = found.get("ge", found.get("gt"))
    high = found.get("le", found.get("lt"))
    start = "more than " if "gt" in found else ""
    if low is not None and high is not None:
        text = f"write {start}{low} to {'below ' if 'lt' in found else ''}{high}"
    else:
        text = f"write {start or 'at least '}{low}" if low is not None else f"write at most {high}"
    step = found.get("multiple_of")
    return f"{text}, a multiple of {step}" if step else text


def _path(loc: tuple[str | int, ...], values: Any, missing: bool) -> Path:
    """Pydantic's location without the branches of unions, which no user ever wrote."""
    path: list[str | int] = []
    for step in loc:
        known = step in values if isinstance(values, dict) else isinstance(values, list) and isinstance(step, int)
        if not known:
            return (*path, step) if missing and step == loc[-1] else tuple(path)
        values = values[step]
        path.append(step)
    return tuple(path)


def _shown(value: Any) -> str:
    return "empty" if value is None else f"{value!r}"[:60]
