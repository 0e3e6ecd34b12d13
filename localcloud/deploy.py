"""Build and deploy a template into a local cloud with the real SAM CLI, unmodified."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localcloud.cloud import LocalCloud
from localcloud.settings import REPOSITORY, STACK_NAME

SAM = REPOSITORY / ".tools" / "sam" / "bin" / "sam"
# What `sam build` reads, beside the template: a change of any of it makes a new build.
SOURCES = ("template.yaml", "stacks", "functions", "layers", "jobs", "statemachines")
_NESTED = re.compile(r"^(CREATE|UPDATE)_COMPLETE\s+AWS::CloudFormation::Stack\s+(\w+)")
_POLL_SECONDS = "0.3"  # SAM CLI asks every 5 s by default, which is most of its time here

Say = Callable[[str], None]


class DeployError(RuntimeError):
    """`sam build` or `sam deploy` failed; the message has the failing resources and their reasons."""


def source_digest(project: Path) -> str:
    """Return the SHA-256 of everything that a build of this project reads (names and contents)."""
    digest = hashlib.sha256()
    for source in SOURCES:
        path = project / source
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if file.exists() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(project)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run_sam(arguments: list[str], project: Path, environment: dict[str, str], on_line: Say) -> None:
    """Run SAM CLI. Raises DeployError with the last lines of its output."""
    if not SAM.exists():
        raise DeployError(f"{SAM} is missing: run `make setup`")
    quiet = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": _POLL_SECONDS, "COLUMNS": "200"}
    process = subprocess.Popen(  # noqa: S603 (our own tool, our own arguments)
        [str(SAM), *arguments],
        cwd=project,
        env={**environment, **quiet},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None
    last: deque[str] = deque(maxlen=30)
    for line in process.stdout:
        last.append(line.rstrip())
        on_line(line.rstrip())
    if process.wait() != 0:
        # The reason is what follows the last "Error:"; without one, all of the end.
        said = [line for line in last if line and set(line) != {"-"}]
        begins = max((n for n, line in enumerate(said) if line.startswith("Error:")), default=0)
        raise DeployError(f"sam {arguments[0]} failed:\n" + "\n".join(said[begins:]))


def build(project: Path = REPOSITORY, say: Say = print) -> Path:
    """Run `sam build` if a source has changed since the last build; return the built template's path.

    Raises DeployError.
    """
    folder = project / ".aws-sam"
    built = folder / "local" / "template.yaml"  # a folder of our own: `sam build` by hand must not mix in
    mark = folder / "dropforge-digest"
    with _locked(folder / "dropforge-lock"):
        digest = source_digest(project)
        if built.exists() and mark.exists() and mark.read_text() == digest:
            return built
        say("Building the stack (sam build)")
        mark.unlink(missing_ok=True)
        arguments = ["build", "--template-file", str(project / "template.yaml"), "--build-dir", str(built.parent)]
        _run_sam(arguments, project, dict(os.environ), lambda _: None)
        mark.write_text(digest)
    return built


def failures(cloud: LocalCloud, stack: str, since: datetime) -> list[str]:
    """Return `Resource (type): reason` for what failed in a stack and its nested stacks, causes first."""
    formation = cloud.client("cloudformation")
    found: list[str] = []
    for event in reversed(_events(formation, stack)):
        status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
        if event["Timestamp"] < since or not status.endswith("FAILED") or "cancelled" in reason:
            continue
        nested = event.get("PhysicalResourceId", "")
        if event["ResourceType"] == "AWS::CloudFormation::Stack" and nested and nested != event["StackId"]:
            found += failures(cloud, nested, since)
        found.append(f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason or status}")
    return found


def _events(formation: Any, stack: str) -> list[dict[str, Any]]:
    try:
        pages = formation.get_paginator("describe_stack_events").paginate(StackName=stack)
        return [event for page in pages for event in page["StackEvents"]]
    except formation.exceptions.ClientError:
        return []  # it failed before there was a stack


def outputs(cloud: LocalCloud, stack: str = STACK_NAME) -> dict[str, str] | None:
    """Return the outputs of a stack that is completely deployed, else None."""
    formation = cloud.client("cloudformation")
    try:
        described = formation.describe_stacks(StackName=stack)["Stacks"][0]
    except formation.exceptions.ClientError:
        return None
    if described["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"):
        return None
    return {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}


def deploy(cloud: LocalCloud, project: Path = REPOSITORY, stack: str = STACK_NAME, say: Say = print) -> dict[str, str]:
    """Deploy a project's template unless this cloud has it already; return the stack's outputs.

    Raises DeployError, with each failing resource and its reason.
    """
    built = build(project, say)
    digest = source_digest(project)
    mark = cloud.settings.state / f"deployed-{stack}.json"
    existing = outputs(cloud, stack)
    if existing is not None and mark.exists() and json.loads(mark.read_text()) == digest:
        say("The stack is deployed already")
        return existing
    say("Deploying the stack (sam deploy)")

    def tell(line: str) -> None:
        match = _NESTED.match(line)
        if match and match.group(2) != stack:
            say(f"  {match.group(2)}: {match.group(1).lower()}d")

    arguments = ["deploy", "--template-file", str(built), "--stack-name", stack, "--resolve-s3", "--capabilities"]
    arguments += ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
    arguments += ["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--region", cloud.settings.region]
    began = datetime.now(UTC)
    try:
        _run_sam(arguments, project, cloud.environment, tell)
    except DeployError as error:
        causes = "\n".join(f"  {line}" for line in failures(cloud, stack, began))
        raise DeployError(f"{error}\n\nWhat failed in the stack:\n{causes}" if causes else str(error)) from None
    mark.write_text(json.dumps(digest))
    return outputs(cloud, stack) or {}


def delete(cloud: LocalCloud, stack: str = STACK_NAME, say: Say = print) -> None:
    """Run `sam delete`. Raises DeployError."""
    say("Deleting the stack (sam delete)")
    (cloud.settings.state / f"deployed-{stack}.json").unlink(missing_ok=True)
    arguments = ["delete", "--stack-name", stack, "--no-prompts", "--region", cloud.settings.region]
    _run_sam(arguments, REPOSITORY, cloud.environment, lambda _: None)
