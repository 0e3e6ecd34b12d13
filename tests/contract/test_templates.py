"""The templates, by the tools that reviewers use; a tool that is missing fails here (`make lint` brings them)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.application import ROOT, root, rows, stacks

TEMPLATES = ["template.yaml", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "stacks").glob("*.yaml"))]


def run(*command: str) -> str:
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0", "LOG_LEVEL": "ERROR"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_stack_is_used() -> None:
    assert {f"stacks/{name}.yaml" for name in rows()} == set(TEMPLATES) - {"template.yaml"}


def test_cfn_lint_finds_nothing() -> None:
    assert run(str(Path(sys.executable).parent / "cfn-lint"), "--", *TEMPLATES) == ""


def test_sam_validates() -> None:
    assert "valid SAM Template" in run(str(ROOT / ".tools/sam/bin/sam"), "validate", "--lint")


def test_checkov_fails_nothing() -> None:
    files = [argument for template in TEMPLATES for argument in ("--file", template)]
    run(str(ROOT / ".tools/checkov/bin/checkov"), "--framework", "cloudformation", "--skip-download", "--quiet", *files)


def test_every_skip_says_why() -> None:
    for stack in stacks():
        for name, resource in stack.template["Resources"].items():
            for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
                assert len(skip["comment"]) > 20, f"{stack.name}: {name}"


@pytest.mark.parametrize("row", rows())
def test_parameters_fit_both_ways(row: str) -> None:
    declared = rows()[row].template["Parameters"]
    assert set(rows()[row].parameters) == set(declared)
    used = (ROOT / f"stacks/{row}.yaml").read_text(encoding="utf-8").split("\nResources:")
    for name in declared:
        assert f"!Ref {name}" in "".join(used) or f"${{{name}}}" in "".join(used), f"{row}: {name} is not used"


def test_parameters_of_the_root_have_defaults() -> None:
    for name, parameter in root().template["Parameters"].items():
        assert "Default" in parameter, name
        assert parameter["Description"], name


@pytest.mark.parametrize("stack", stacks(), ids=lambda s: s.name)
def test_what_holds_data_is_kept_and_encrypted(stack) -> None:  # type: ignore[no-untyped-def]
    for kind in ("AWS::S3::Bucket", "AWS::KMS::Key"):
        for name, resource in stack.of(kind).items():
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain", name
            assert "BucketName" not in resource["Properties"]  # a name of its own would clash with another stack's
    for name, group in stack.of("AWS::Logs::LogGroup").items():
        assert {"RetentionInDays", "KmsKeyId"} <= set(group["Properties"]), name
    for name, queue in stack.of("AWS::SQS::Queue").items():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True, name


@pytest.mark.parametrize("stack", stacks(), ids=lambda s: s.name)
def test_every_dead_letter_queue_has_an_alarm(stack) -> None:  # type: ignore[no-untyped-def]
    watched = {d["Value"] for a in stack.of("AWS::CloudWatch::Alarm").values() for d in a["Properties"]["Dimensions"]}
    for name in stack.of("AWS::SQS::Queue"):
        assert "DeadLetter" not in name or stack._physical(name) in watched, name


@pytest.mark.parametrize("stack", stacks(), ids=lambda s: s.name)
def test_functions_need_no_build_and_reserve_nothing(stack) -> None:  # type: ignore[no-untyped-def]
    for name, function in stack.of("AWS::Serverless::Function").items():
        assert function["Metadata"]["SkipBuild"] is True, name  # so that `sam build` needs no Python 3.13
        assert "ReservedConcurrentExecutions" not in function["Properties"], name
