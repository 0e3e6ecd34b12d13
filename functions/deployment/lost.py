"""Decisions of people that no event brought: what the registry says, beside what the deployments table knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from deployment.target import moment

#: An event that is on its way is not overtaken.
GRACE = timedelta(minutes=3)
KINDS = {"approval": "Approved", "rejection": "Rejected"}
Item = dict[str, Any]


def last_decisions(items: list[Item]) -> dict[str, str]:
    """By package: what the latest decision that the table knows made of it."""
    latest: dict[str, tuple[str, str]] = {}
    for item in items:
        kind, _, changed = str(item["sk"]).partition("#")
        if kind in KINDS:
            found = (moment(changed), KINDS[kind])
            latest[item["pk"]] = max(latest.get(item["pk"], found), found)
    return {arn: status for arn, (_, status) in latest.items()}


def lost_decision(package: Item, items: list[Item], *, now: str, since: datetime) -> Item | None:
    """The event that a package's change should have been, if the table does not know of it.

    Args:
        package: DescribeModelPackage.
        items: the table's items of the package.
        now: the time of the look.
        since: when the table was made. Of a package that is older, and of which the table knows nothing, nobody can say
            whether a person decided today or years ago: a change of its description looks the same.
    """
    arn, status = str(package["ModelPackageArn"]), package.get("ModelApprovalStatus")
    known = last_decisions(items).get(arn)
    changed: datetime = package.get("LastModifiedTime") or package["CreationTime"]
    ours = "dropforge:run" in (package.get("CustomerMetadataProperties") or {})
    fresh = datetime.fromisoformat(now) - changed < GRACE
    if not ours or fresh or status not in KINDS.values() or status == known:
        return None
    return None if known is None and package["CreationTime"] < since else _event(package, changed)


def choose(lost: list[Item]) -> Item | None:
    """The one to be made good now: the newest approval, or else the oldest rejection.

    The others come at later looks. An approval among them is superseded by then; a rejection finds its version live, or
    not, as it would have in its own time.
    """
    approvals = [e for e in lost if e["detail"]["ModelApprovalStatus"] == "Approved"]
    if approvals:
        return max(approvals, key=_changed)
    return min(lost, key=_changed, default=None)


def execution_name(event: Item) -> str:
    """The deployment's name: the same for the same decision."""
    detail = event["detail"]
    stamp = "".join(c for c in str(detail["LastModifiedTime"]) if c.isdigit())
    return f"{detail['ModelPackageGroupName']}-v{detail['ModelPackageVersion']}-{detail['ModelApprovalStatus']}-{stamp}"


def running(items: list[Item], now: str) -> list[str]:
    """The executions of decisions that are under way, as the table says, for longer than a moment."""
    before = datetime.fromisoformat(now) - GRACE
    return [
        str(item["execution_arn"])
        for item in items
        if item.get("status") == "RUNNING" and datetime.fromisoformat(item["started_at"]) < before
    ]


def _event(package: Item, changed: datetime) -> Item:
    arn = str(package["ModelPackageArn"])
    _, _, _, region, account, _ = arn.split(":", 5)
    detail = {
        "ModelPackageGroupName": package["ModelPackageGroupName"],
        "ModelPackageVersion": package["ModelPackageVersion"],
        "ModelPackageArn": arn,
        "ModelApprovalStatus": package["ModelApprovalStatus"],
        "LastModifiedTime": _iso(changed),
        "UpdatedModelPackageFields": ["ModelApprovalStatus"],
    }
    event = {
        "version": "0",
        "detail-type": "SageMaker Model Package State Change",
        "source": "aws.sagemaker",
        "account": account,
        "time": _iso(changed),
        "region": region,
        "resources": [arn],
        "detail": detail,
    }
    return {**event, "id": execution_name(event)}


def _changed(event: Item) -> str:
    return moment(event["detail"]["LastModifiedTime"])


def _iso(time: datetime) -> str:
    """As SageMaker's events have it."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
