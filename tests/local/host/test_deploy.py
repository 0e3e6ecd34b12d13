"""The real SAM CLI against the local cloud: build, deploy, deploy again, fail, delete."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud import deploy
from localcloud.cloud import LocalCloud

ROOT = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Things: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "${AWS::StackName}-things"}}
  Kept: {Type: AWS::S3::Bucket, DeletionPolicy: Retain, UpdateReplacePolicy: Retain}
  Row:
    Type: AWS::Serverless::Application
    Properties: {Location: stacks/row.yaml, Parameters: {QueueArn: !GetAtt Things.Arn}}
Outputs:
  KeptName: {Value: !Ref Kept}
  Answer: {Value: !GetAtt Row.Outputs.FunctionName}
"""
ROW = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters: {QueueArn: {Type: String}}
Resources:
  Answer:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: answer.handler
      CodeUri: ../functions
      Architectures: [arm64]
    Metadata: {SkipBuild: true}
Outputs:
  FunctionName: {Value: !Ref Answer}
"""
BROKEN = """
Resources:
  Fine: {Type: AWS::SQS::Queue, Properties: {QueueName: broken-fine}}
  Wrong:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::000000000000:role/none
      DefinitionString: '{"StartAt": "Nowhere", "States": {}}'
"""


def write(project: Path, template: str) -> Path:
    (project / "stacks").mkdir(parents=True)
    (project / "functions").mkdir()
    (project / "template.yaml").write_text(template)
    (project / "stacks" / "row.yaml").write_text(ROW)
    (project / "functions" / "answer.py").write_text("def handler(event, context):\n    return 42\n")
    return project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project", ROOT)


@pytest.mark.slow
def test_a_nested_project_deploys_twice_and_changes(cloud: LocalCloud, project: Path) -> None:
    said: list[str] = []
    outputs = deploy.deploy(cloud, project, "small", said.append)
    assert said == ["Building the stack (sam build)", "Deploying the stack (sam deploy)", "  Row: created"]
    answer = cloud.client("lambda").invoke(FunctionName=outputs["Answer"])["Payload"].read()
    assert answer == b"42"
    said.clear()
    assert deploy.deploy(cloud, project, "small", said.append) == outputs
    assert said == ["The stack is deployed already"]
    (cloud.settings.state / "deployed-small.json").unlink()
    assert deploy.deploy(cloud, project, "small", said.append) == outputs  # sam finds nothing to change
    (project / "functions" / "answer.py").write_text("def handler(event, context):\n    return 43\n")
    assert deploy.deploy(cloud, project, "small", said.append) == outputs
    answer = cloud.client("lambda").invoke(FunctionName=outputs["Answer"])["Payload"].read()
    assert answer == b"43"


def test_a_failure_names_the_resource_and_the_reason(cloud: LocalCloud, tmp_path: Path) -> None:
    project = write(tmp_path / "project", BROKEN)
    with pytest.raises(deploy.DeployError) as caught:
        deploy.deploy(cloud, project, "broken", lambda line: None)
    assert "What failed in the stack:\n  Wrong (AWS::StepFunctions::StateMachine): " in str(caught.value)
    assert "Nowhere" in str(caught.value)
    assert deploy.outputs(cloud, "broken") is None


@pytest.mark.slow
def test_delete_leaves_the_retained_bucket_only(cloud: LocalCloud, project: Path) -> None:
    outputs = deploy.deploy(cloud, project, "gone", lambda line: None)
    deploy.delete(cloud, "gone", lambda line: None)
    assert deploy.outputs(cloud, "gone") is None
    assert not cloud.client("sqs").list_queues(QueueNamePrefix="gone-things").get("QueueUrls")
    names = [bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]]
    assert outputs["KeptName"] in names


def test_the_digest_covers_names_and_contents(project: Path) -> None:
    before = deploy.source_digest(project)
    (project / "functions" / "answer.py").rename(project / "functions" / "other.py")
    renamed = deploy.source_digest(project)
    (project / "functions" / "other.py").write_text("x = 1\n")
    assert len({before, renamed, deploy.source_digest(project)}) == 3
