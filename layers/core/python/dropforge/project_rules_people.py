"""What AWS would refuse of `features`, `label` and `notify`. Sources: botocore's service model and its texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dropforge.problems import Problem, suggestion
from dropforge.project_base import on
from dropforge.project_features import FEATURE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropforge.project import Project
    from dropforge.project_features import Features
    from dropforge.project_label import Label
    from dropforge.project_notify import Notify

# sagemaker dg, feature-store-create-feature-group: names that the offline store adds.
RESERVED = ("is_deleted", "write_time", "api_invocation_time")
# botocore, PublicWorkforceTaskPrice: dollars by the kind of task.
_COMMON = (0.036, 0.048, 0.06, 0.072, 0.12, 0.24, 0.36, 0.48, 0.6, 0.72, 0.84, 0.96, 1.08, 1.2)
PRICES = {"bounding_box": _COMMON, "semantic_segmentation": (0.84, 0.96, 1.08, 1.2)}
OTHER_PRICES = (0.012, 0.024, *_COMMON)
# botocore, TaskAvailabilityLifetimeInSeconds.
TURK_AVAILABLE = 43_200


def people_rules(project: Project) -> Iterator[Problem]:
    """Everything that is wrong with `features`, `label` and `notify`."""
    if project.features and on(project.features):
        yield from _features(project, project.features)
    if project.label and on(project.label):
        yield from _label(project.label)
    if project.notify and on(project.notify):
        yield from _notify(project.notify)


def _features(project: Project, features: Features) -> Iterator[Problem]:
    if features.record_id == features.event_time:
        reason = "AWS wants two columns: what the record is about, and since when it is true"
        yield Problem(("features", "event_time"), reason, "name another column")
    for name in ("record_id", "event_time"):
        column = getattr(features, name)
        if project.columns and column not in project.columns:
            reason = f"{column!r} is not one of `columns`"
            yield Problem(("features", name), reason, suggestion(column, project.columns))
        elif column in RESERVED or not re.match(FEATURE_NAME, column):
            reason = f"{column!r} cannot name a feature in AWS's Feature Store"
            fix = "use up to 64 letters, digits, - and _, starting with a letter or digit"
            yield Problem(("features", name), reason, fix if column not in RESERVED else "choose another name")
    for i, column in enumerate(project.columns or []):
        if column in RESERVED or not re.match(FEATURE_NAME, column):
            reason = f"{column!r} cannot name a feature in AWS's Feature Store"
            yield Problem(("columns", i), reason, "use up to 64 letters, digits, - and _; AWS keeps some names itself")
    if not features.online and not features.offline:
        yield Problem(("features", "offline"), "AWS wants at least one of the two stores", "remove it, or set `online`")
    needs = (
        (features.ttl is not None, "ttl", "online", "an online record"),
        (features.storage == "in_memory", "storage", "online", "the online store"),
        (features.table_format == "iceberg", "table_format", "offline", "the offline store"),
    )
    for given, field, store, what in needs:
        if given and not getattr(features, store):
            yield Problem(("features", field), f"is about {what}, and `{store}` is false", "remove one of the two")


def _label(label: Label) -> Iterator[Problem]:
    if len(set(label.labels)) != len(label.labels):
        yield Problem(("label", "labels"), "names a label twice", "keep one")
    elif len(label.labels) == 1 and label.task.endswith("classification"):
        yield Problem(("label", "labels"), "with one label there is nothing to choose", "name two or more")
    if label.available is not None and label.available < label.time_limit:
        reason = f"is shorter than the {label.time_limit} s that one object may take"
        yield Problem(("label", "available"), reason, "raise it, or lower `time_limit`")
    if label.workforce == "mechanical_turk":
        yield from _turk(label)
        return
    if label.price is not None:
        reason = "AWS takes a price for Mechanical Turk only; private and vendor teams are paid by contract"
        yield Problem(("label", "price"), reason, "remove it, or write `workforce: mechanical_turk`")
    if label.workforce == "vendor" and label.engine != "managed":
        yield Problem(("label", "workforce"), "vendors work in AWS's Ground Truth only", "add `engine: managed`")
    if label.engine == "managed" and label.workteam is None:
        reason = f"is required: AWS gives the tasks to a {label.workforce} team"
        yield Problem(("label", "workteam"), reason, "write the ARN of the team")


def _turk(label: Label) -> Iterator[Problem]:
    if label.engine != "managed":
        reason = "Mechanical Turk is reached through AWS's Ground Truth only"
        yield Problem(("label", "workforce"), reason, "add `engine: managed`")
    if label.workteam is not None:
        yield Problem(("label", "workteam"), "Mechanical Turk has one team, which AWS names", "remove it")
    if not label.public:
        reason = "AWS's terms forbid personal and confidential data on Mechanical Turk: strangers see it"
        yield Problem(("label", "workforce"), reason, "if it is neither, add `public: true`")
    allowed = PRICES.get(label.task, OTHER_PRICES)
    if label.price not in allowed:
        shown = ", ".join(f"{p:g}" for p in allowed)
        reason = "is required for Mechanical Turk" if label.price is None else f"AWS has no price of ${label.price:g}"
        yield Problem(("label", "price"), f"{reason} for {label.task}", f"write one of: {shown}")
    if label.available is not None and label.available > TURK_AVAILABLE:
        reason = f"AWS offers a task on Mechanical Turk for at most {TURK_AVAILABLE} s (12 hours)"
        yield Problem(("label", "available"), reason, f"write {TURK_AVAILABLE} or less")


def _notify(notify: Notify) -> Iterator[Problem]:
    for name in ("email", "sms", "queue"):
        given: list[str] = getattr(notify, name)
        for i, address in enumerate(given):
            if address.lower() in {a.lower() for a in given[:i]}:
                yield Problem(("notify", name, i), f"{address} is there twice", "keep one")
