"""What deployment's notices say alike: what serves, on what, whom it answers, what rang."""

from __future__ import annotations

from notification import passages
from notification.words import Detail, lines, number, part, things, word

CALL = "--content-type text/csv --body fileb://rows.csv /dev/stdout"
BILLED = "An endpoint is billed until it is deleted."
TAKES = (
    "It answers CSV rows as they were dropped (without header and target).\n"
    "A model that Dropforge made of a table also takes JSON records by column name."
)


def version(d: Detail, key: str) -> str:
    """A version's number; nothing where there is none."""
    return word(d, key, "")


def told(d: Detail, key: str) -> str:
    """A version that stands alone, or in a part that names its run too."""
    return word(part(d, key), "version") if isinstance(d.get(key), dict) else word(d, key)


def is_dead(d: Detail) -> bool:
    """Whether the endpoint failed, so that SageMaker lets it only be deleted."""
    return d.get("endpoint_status") == "Failed"


def is_wrong(d: Detail) -> bool:
    """Whether a project's first endpoint answers otherwise than was evaluated, and is deleted for that."""
    return d.get("stage") == "verification" and d.get("clean_up") is True


def is_going(d: Detail) -> bool:
    """Whether the endpoint has to be deleted, should Dropforge not have managed it."""
    return is_dead(d) or is_wrong(d)


def capacity(d: Detail) -> str:
    """On what the endpoint runs."""
    found = [text for v in things(d, "variants") if (text := _runs_on(v))] or [_runs_on(d) or "its instances"]
    return " and ".join(dict.fromkeys(found))


def _runs_on(variant: Detail) -> str:
    instance, serverless = part(variant, "instance"), part(variant, "serverless")
    number_of, memory = number(instance.get("count")), number(serverless.get("MemorySizeInMB"))
    if serverless:
        return f"no instances of its own (serverless{f', {memory:.0f} MB' if memory else ''})"
    return f"{number_of:.0f} × {word(instance, 'type')}" if number_of else ""


def shares(d: Detail) -> str:
    """Who gets which part of the traffic, where several versions share it."""
    variants = things(d, "variants")
    weights = [number(v.get("weight")) or 0.0 for v in variants]
    if len(variants) < 2:  # noqa: PLR2004
        return ""
    total = sum(weights)
    told: list[tuple[str, ...]] = [
        (word(v, "name"), f"version {word(v, 'model_version')}", f"{100 * w / total:.0f} %" if total else "no traffic")
        for v, w in zip(variants, weights, strict=True)
    ]
    return "\n".join(["The traffic is shared:", passages.table(told, "  ")])


def scaling(d: Detail) -> str:
    """What became of scaling, and between which bounds; nothing where nobody asked for it."""
    failed, registered = word(part(d, "scaling"), "failed", ""), lines(part(d, "scaling"), "registered")
    what = "What it keeps warm" if d.get("mode") == "serverless" else "The number of its instances"
    if failed:
        return f"{what} is not scaled as project.yaml wants it: {failed}"
    asked = part(d, "scaling_asked")
    least, most, night = number(asked.get("min")), number(asked.get("max")), part(asked, "night")
    between = f": {least:.0f} to {most:.0f}" if least is not None and most is not None else ""
    fewest = number(night.get("min"))
    hours = f"{word(night, 'from')} to {word(night, 'until')} ({word(night, 'timezone')})"
    tonight = f"; from {hours} {fewest:.0f} at least" if fewest is not None else ""
    return f"{what} follows the load{between}{tonight}." if registered else ""


def alarms(d: Detail) -> str:
    """Which alarm rang, over what, and by which figure."""
    told = []
    for alarm in things(d, "alarms"):
        metric, limit, value = word(alarm, "metric", ""), number(alarm.get("threshold")), number(alarm.get("value"))
        unit = f" {word(alarm, 'unit')}" if alarm.get("unit") else ""
        what = f" ({metric}{f' over {limit:g}{unit}' if limit is not None else ''})" if metric else ""
        figure = f": it was {value:g}" if value is not None else ""
        said = word(alarm, "reason", "")
        told.append(f"{word(alarm, 'name')}{what}{figure}{f': {said}' if said else ''}")
    return passages.bullets("What rang:", told)


def live(d: Detail) -> str:
    """What is live now, with its version where the event knows it."""
    serves, status = version(d, "live_version"), word(d, "endpoint_status", "")
    if is_dead(d):
        return (
            "The endpoint failed and serves nothing. Dropforge deletes a first endpoint that never came up; if it is "
            "still there, delete it as below."
        )
    if is_wrong(d):
        return "Dropforge deletes the endpoint, so nothing is live. If it is still there, delete it as below."
    config = word(d, "endpoint_config", "")
    if serves and config:
        return f"Live now: version {serves}. The endpoint serves {config}{f' ({status})' if status else ''}."
    return passages.live(d)


def compared_still(d: Detail) -> str:
    """Whether the version that failed is beside the live one still, and how it goes."""
    ends = "Rejecting it ends that, and the other one serves alone."
    if d.get("still_compared") is True:
        beside = version(d, "compared_version")
        gets = f"{f'Version {beside}' if beside else 'Another version'} still gets its part of the traffic, or a copy."
        return gets if d.get("after") == "rejection" else f"{gets} {ends}"
    if "endpoint_status" in d:
        return ""
    return f"Nobody looked at the endpoint: if the version was being compared, it is there still. {ends}"


def how_to_ask(d: Detail) -> list[str]:
    """What the endpoint takes, and that it costs money."""
    if d.get("mode") == "asynchronous":
        place = f"an object below {word(d, 'project')}/async/requests/ of the artifacts bucket"
        return [
            "It answers into S3, at the OutputLocation that the command prints; a failure is at the FailureLocation.",
            f"More than 128 kB of rows go into {place}, named by --input-location instead of --body.",
            "It is billed while it has instances." if _sleeps(d) else BILLED,
        ]
    return [
        TAKES,
        BILLED if d.get("mode") != "serverless" else "",
    ]


def _sleeps(d: Detail) -> bool:
    """Whether it has no instance while nothing waits."""
    return bool(lines(part(d, "scaling"), "registered")) and number(part(d, "scaling_asked").get("min")) == 0


def ask(d: Detail, endpoint: str) -> list[str]:
    """The command that asks the endpoint."""
    if d.get("mode") == "asynchronous":
        rows = "--content-type text/csv --body fileb://rows.csv"
        return [f"aws sagemaker-runtime invoke-endpoint-async --endpoint-name {endpoint} {rows}"]
    return [f"aws sagemaker-runtime invoke-endpoint --endpoint-name {endpoint} {CALL}"]


def decide(d: Detail, status: str) -> list[str]:
    """The line that approves or rejects the version; none without its ARN."""
    arn = word(d, "model_package_arn", "")
    update = f"aws sagemaker update-model-package --model-package-arn {arn} --model-approval-status {status}"
    return [update] if arn else []
