"""The run: what started it, what was decided, which jobs ran and how they ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from cli.history import Execution, Step
from cli.records import Item
from cli.service import Service
from cli.text import moment, package_name, seconds, took
from cli.why.decisions import act, decision_lines, failed_acts
from cli.why.sentences import short
from cli.why.story import Fact, Line

JOBS = ("training", "processing", "transform")
RAN = {"training": ("TrainingStartTime", "TrainingEndTime"), "processing": ("ProcessingStartTime", "ProcessingEndTime")}


def run_place(service: Service, run: Item) -> str:
    """Where a run's item lies."""
    return f"table {service.records.table('RunsTableName')} · {run['pk']} · run"


def run_lines(service: Service, run: Item, executions: list[Execution]) -> list[Line]:
    """The run from the event that started it to its end."""
    fact = Fact(run_place(service, run), outputs=run)
    lines = [line for e in executions for line in (*_started(e), *decision_lines(service, e), *failed_acts(e))]
    if not executions:
        started = f"run {run['pk']} started, attempt {run.get('attempt')}"
        lines.append(Line(started, "Step Functions", moment(run.get("started_at")), fact))
    return [*lines, _ended(run, fact)]


def _started(execution: Execution) -> Iterator[Line]:
    given = execution.given if isinstance(execution.given, dict) else {}
    kind = given.get("detail-type")
    if kind:
        attempt = (given.get("detail") or {}).get("attempt")
        what = f"{kind} on the bus started {execution.machine}" + (f", attempt {attempt}" if attempt else "")
        fact = Fact(f"{execution.arn} · event 1", inputs=given)
        yield Line(what, "EventBridge", execution.began, fact)


def _ended(run: Item, fact: Fact) -> Line:
    status = str(run.get("status"))
    what = f"run {run['pk']} {status}"
    package = package_name(run.get("model_package_arn"))
    what += f": model {package}" if package else ""
    what += f": {run['reason']}" if run.get("reason") and status != "RUNNING" else ""
    what += f", after {took(run.get('started_at'), run.get('ended_at'))}" if run.get("ended_at") else ""
    return Line(what, "Step Functions", moment(run.get("ended_at") or run.get("started_at")), fact)


def job_lines(service: Service, run: Item | None, executions: list[Execution]) -> list[Line]:
    """Each job with its status, its duration and the command that shows its log."""
    asked = {name: step for e in executions for step in e.of("sagemaker:create") if (name := job_name(step))}
    kinds = {name: kind for name, step in asked.items() if (kind := _kind_of(step))}
    client = service.stack.client("sagemaker")
    if run and (not asked or int(run.get("attempt") or 1) > 1):  # of an attempt before the last, no history is linked
        kinds = dict(_listed(client, str(run["pk"]))) | kinds
    return [_job(client, name, kind, asked.get(name)) for name, kind in kinds.items()]


def job_name(step: Step) -> str | None:
    """The job that a task created: `TrainingJobName` and its siblings."""
    given = step.parameters if isinstance(step.parameters, dict) else {}
    return next((str(v) for k, v in given.items() if k.endswith("JobName")), None)


def _kind_of(step: Step) -> str | None:
    return next((kind for kind in JOBS if f"create{kind.title()}Job" in step.resource), None)


def _listed(client: Any, run: str) -> Iterator[tuple[str, str]]:
    """(name, kind) of the run's jobs as SageMaker lists them, for runs whose history is gone."""
    for kind in RAN:
        pages = client.get_paginator(f"list_{kind}_jobs").paginate(
            NameContains=f"df-{run}-", SortBy="CreationTime", SortOrder="Ascending"
        )
        for page in pages:
            for job in page[f"{kind.title()}JobSummaries"]:
                yield job[f"{kind.title()}JobName"], kind


def _job(client: Any, name: str, kind: str, step: Step | None) -> Line:
    title = kind.title()
    try:
        job = getattr(client, f"describe_{kind}_job")(**{f"{title}JobName": name})
    except ClientError as error:
        told = f"{kind} job {name}: SageMaker does not describe it ({error.response['Error']['Message']})"
        return act(step, told, "SageMaker") if step else Line(told, "SageMaker")
    job.pop("ResponseMetadata", None)
    began, ended = (moment(job.get(field)) for field in RAN.get(kind, ("CreationTime", "LastModifiedTime")))
    what = f"{kind} job {name} {job[f'{title}JobStatus']}"
    what += f" after {took(began, ended)}" if began and ended else ""
    what += f" ({seconds(float(job['BillableTimeInSeconds']))} billed)" if job.get("BillableTimeInSeconds") else ""
    what += f": {short(str(job['FailureReason']))}" if job.get("FailureReason") else ""
    place = step.place if step else f"sagemaker describe-{kind}-job {name}"
    fact = Fact(place, step.parameters if step else None, job)
    return Line(what, "SageMaker", moment(job.get("CreationTime")), fact, (f"$ dropforge logs {name}",))
