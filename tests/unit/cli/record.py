"""Record what the service has written about some projects, for the tests of `why`, `drops` and `replay`.

Use: `make up`, let drops come to their ends, paste the export lines, then
`python -m tests.unit.cli.record PROJECT… [-DROP…]` (`-DROP` leaves a drop out). To read it: `zcat loop.json.gz`.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.history import understand
from cli.service import Service, look_at
from cli.stack import find_stack
from cli.text import as_json

RECORDING = Path(__file__).parent / "loop.json.gz"
TABLES = ("Drops", "Projects", "Runs", "Deployments", "Notices")
# What nobody reads of a history, and is most of its size: what went through each state.
FLOWED = ("stateEnteredEventDetails", "stateExitedEventDetails")
ANSWERS_NOBODY_READS = ("dynamodb", "sns", "aws-sdk:dynamodb")
HELD = ("objects.jsonl", "inspection.json")


def record(service: Service, projects: list[str], without: list[str]) -> dict[str, Any]:
    """Everything about these projects: tables, files, histories, jobs, packages, functions."""
    stack = service.stack
    tables = {name: [i for i in _items(service, name, projects) if not _has(i, without)] for name in TABLES}
    arns = {a for items in tables.values() for i in items for a in _arns(i)}
    histories: dict[str, Any] = {}
    while arns - histories.keys():
        for arn in arns - histories.keys():
            histories[arn] = _history(stack.client("stepfunctions"), arn)
            execution = understand(arn, histories[arn])
            arns = arns | {e.arn for e in service.histories.nested(execution)}
    executions = [understand(arn, events) for arn, events in histories.items()]
    functions = {str(step.function) for e in executions for step in e.of("lambda:invoke")}
    return {
        "outputs": stack.outputs,
        "tables": tables,
        "files": {key: text for key, text in _files(service, projects) if not _has(key, without)},
        "histories": histories,
        "functions": {name: _function(service, name) for name in sorted(functions)},
        "sagemaker": list(_described(service, executions, tables["Runs"])),
    }


def _items(service: Service, table: str, projects: list[str]) -> Iterator[dict[str, Any]]:
    client = find_stack().client("dynamodb")
    for page in client.get_paginator("scan").paginate(TableName=service.records.table(f"{table}TableName")):
        yield from (item for item in page["Items"] if table == "Notices" or _is_of(item, projects))


def _is_of(item: dict[str, Any], projects: list[str]) -> bool:
    text = json.dumps(item)
    return any(f'"{p}"' in text or f'"{p}/' in text or f"#{p}#" in text or f"/{p}/" in text for p in projects)


def _has(thing: Any, drops: list[str]) -> bool:
    return any(drop in json.dumps(thing) for drop in drops)


def _arns(item: dict[str, Any]) -> Iterator[str]:
    yield from (
        item[n]["S"]
        for n in ("closed_by", "settled_by", "execution_arn", "claimed_by")
        if ":execution:" in str(item.get(n))
    )


def _history(client: Any, arn: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event for page in pages for event in page["events"]]
    for event in events:
        for name in FLOWED:
            if name in event:
                event[name] = {"name": event[name]["name"]}
        said = event.get("taskSucceededEventDetails", {})
        if said.get("resourceType") in ANSWERS_NOBODY_READS:
            said["output"] = "{}"
    return events


def _files(service: Service, projects: list[str]) -> Iterator[tuple[str, str]]:
    bucket = service.stack.output("ArtifactsBucketName")
    for project in projects:
        pages = (
            service.stack.client("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=bucket, Prefix=f"{project}/drops/")
        )
        for found in (found for page in pages for found in page.get("Contents", [])):
            if found["Key"].endswith(HELD):
                yield found["Key"], (service.records.file(f"s3://{bucket}/{found['Key']}") or b"").decode()


def _function(service: Service, name: str) -> dict[str, Any]:
    said = service.functions.configuration(name)
    return {k: said[k] for k in ("FunctionName", "Handler", "Environment") if k in said}


def _described(service: Service, executions: list[Any], runs: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    client = service.stack.client("sagemaker")
    for step in (step for e in executions for step in e.of("sagemaker:create")):
        for kind in ("Training", "Processing"):
            name = step.parameters.get(f"{kind}JobName")
            if name:
                answer = getattr(client, f"describe_{kind.lower()}_job")(**{f"{kind}JobName": name})
                yield _answer(f"Describe{kind}Job", {f"{kind}JobName": name}, answer)
    for arn in {run["model_package_arn"]["S"] for run in runs if "model_package_arn" in run}:
        answer = client.describe_model_package(ModelPackageName=arn)
        yield _answer("DescribeModelPackage", {"ModelPackageName": arn}, answer)


def _answer(operation: str, request: dict[str, str], answer: dict[str, Any]) -> dict[str, Any]:
    answer.pop("ResponseMetadata")
    return {"operation": operation, "request": request, "answer": answer}


if __name__ == "__main__":
    left_out = [name.removeprefix("-") for name in sys.argv[1:] if name.startswith("-")]
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")]
    text = as_json(record(look_at(find_stack()), wanted, left_out))
    RECORDING.write_bytes(gzip.compress(text.encode(), mtime=0))
