"""The end of a timeline: the registered version, its approval, its deployments, and what was told about it all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from cli.history import Execution, Step
from cli.records import Item
from cli.service import Service
from cli.text import decoded, moment, package_name
from cli.why.decisions import decision_lines, failed_acts
from cli.why.deployments import decided
from cli.why.story import Fact, Line

PENDING = "PendingManualApproval"


def deployment_executions(service: Service, package: str | None) -> list[Execution]:
    """The deployments of a model version."""
    items = service.records.deployments(package) if package else []
    return [found for item in items if (found := service.histories.of(item.get("execution_arn")))]


def model_lines(service: Service, package: str | None) -> list[Line]:
    """A model version from its registration to the endpoint."""
    if not package:
        return []
    name, described = package_name(package), _describe(service, package)
    fact = Fact(f"sagemaker describe-model-package {package}", outputs=described)
    lines = []
    if described is None:
        lines.append(Line(f"model {name} is not in the registry any more", "SageMaker", None, Fact(package)))
    else:
        registered = f"model {name} registered, waiting for an approval"
        lines += [Line(registered, "SageMaker", moment(described.get("CreationTime")), fact)]
        lines += _approval(service, name, described, fact)
    return lines + [line for item in service.records.deployments(package) for line in _deployment(service, item, name)]


def _describe(service: Service, package: str) -> dict[str, Any] | None:
    client = service.stack.client("sagemaker")
    try:
        found = dict(client.describe_model_package(ModelPackageName=package))
    except ClientError:
        return None
    found.pop("ResponseMetadata", None)
    return found


def _approval(service: Service, name: str, described: dict[str, Any], fact: Fact) -> list[Line]:
    status = str(described.get("ModelApprovalStatus"))
    if status == PENDING:
        command = (
            f"$ aws sagemaker update-model-package --model-package-arn {described['ModelPackageArn']} "
            "--model-approval-status Approved"
        )
        return [Line(f"model {name} waits for your approval: nothing is deployed", "you", None, fact, (command,))]
    said = described.get("ApprovalDescription")
    what = f"model {name} {status} in the registry" + (f": {said}" if said else "")
    lines = [Line(what, "you", moment(described.get("LastModifiedTime")), fact)]
    if status == "Approved" and not service.records.deployments(str(described["ModelPackageArn"])):
        told = "no deployment is recorded: none was needed, or the approval's event has not come yet"
        lines.append(Line(told, "Step Functions", None, fact))
    return lines


def _deployment(service: Service, item: Item, name: str) -> list[Line]:
    execution = service.histories.of(item.get("execution_arn"))
    place = f"table {service.records.table('DeploymentsTableName')} · {item['pk']} · {item['sk']}"
    fact = Fact(place, outputs=item)
    lines = []
    if execution:
        given = execution.given if isinstance(execution.given, dict) else {}
        started = f"{given.get('detail-type') or 'approval'} started {execution.machine} for {name}"
        lines.append(Line(started, "EventBridge", execution.began, Fact(f"{execution.arn} · event 1", inputs=given)))
        lines += [*decision_lines(service, execution), *failed_acts(execution)]
    else:
        lines.append(Line(f"deployment of {name} started", "Step Functions", moment(item.get("started_at")), fact))
    what = f"model {name}, {decided(item)}"
    return [*lines, Line(what, "Step Functions", moment(item.get("ended_at") or item.get("started_at")), fact)]


def told_lines(service: Service, executions: Iterable[Execution]) -> list[Line]:
    """Each event that went on the bus, and the notice that people got of it."""
    events = list(_events(executions))
    notices = service.records.notices(_ids(events))
    lines = []
    for step, entry in events:
        detail = _detail(entry)
        what = f"{entry.get('DetailType')} on the bus ({entry.get('Source')})"
        notice = notices.get(str(detail.get("id")))
        below = _notice(service, notice) if notice else ()
        lines.append(Line(what, "EventBridge", step.ended or step.began, Fact(step.place, detail), below))
    return lines


def bus_ids(executions: Iterable[Execution]) -> list[str]:
    """The ids of the events that executions put on the bus: what was told of them is recorded under these."""
    return _ids(_events(executions))


def _ids(events: Iterable[tuple[Step, dict[str, Any]]]) -> list[str]:
    return [str(detail["id"]) for _, entry in events if (detail := _detail(entry)).get("id")]


def _events(executions: Iterable[Execution]) -> Iterator[tuple[Step, dict[str, Any]]]:
    for execution in executions:
        for step in execution.of("events:putEvents"):
            yield from ((step, entry) for entry in _entries(step))


def _entries(step: Step) -> list[dict[str, Any]]:
    given = step.parameters if isinstance(step.parameters, dict) else {}
    return [entry for entry in given.get("Entries") or [] if isinstance(entry, dict) and step.error is None]


def _detail(entry: dict[str, Any]) -> dict[str, Any]:
    detail = decoded(entry.get("Detail"))
    return detail if isinstance(detail, dict) else {}


def _notice(service: Service, notice: Item) -> tuple[str, ...]:
    execution = service.histories.of(notice.get("claimed_by"))
    sent = execution.of("sns:publish") if execution else []
    if not sent:
        return ("a notice of it was told (its text is not recorded any more)",)
    subject = (sent[-1].parameters or {}).get("Subject")
    return (f"notice: {subject}" if sent[-1].error is None else f"notice not sent ({sent[-1].error}): {subject}",)
