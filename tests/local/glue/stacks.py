"""A stack of a test's own, deployed as `sam deploy` does."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.local.glue.conftest import Cloud

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


class Stack:
    """A stack deployed through change sets, as `sam deploy` does; nested templates go to a bucket of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.name = cloud, f"s-{uuid.uuid4().hex[:8]}"
        self.cfn = cloud.client("cloudformation")
        self.bucket = f"templates-{self.name}"
        cloud.client("s3").create_bucket(Bucket=self.bucket)

    def upload(self, template: dict[str, Any]) -> str:
        body = json.dumps(template)
        key = f"{uuid.uuid5(uuid.NAMESPACE_OID, body)}.template"
        self.cloud.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"https://s3.us-east-1.amazonaws.com/{self.bucket}/{key}"

    def change_set(self, template: dict[str, Any], kind: str, **parameters: str) -> dict[str, Any]:
        name = f"c-{uuid.uuid4().hex[:8]}"
        self.cfn.create_change_set(
            StackName=self.name, ChangeSetName=name, ChangeSetType=kind, TemplateBody=json.dumps(template),
            Capabilities=CAPABILITIES,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )  # fmt: skip
        return dict(self.cfn.describe_change_set(StackName=self.name, ChangeSetName=name))

    def deploy(self, template: dict[str, Any], kind: str = "CREATE", **parameters: str) -> str:
        """Deploy and return the final status."""
        change_set = self.change_set(template, kind, **parameters)
        assert change_set["Status"] == "CREATE_COMPLETE", change_set.get("StatusReason")
        self.cfn.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
        return self.settled()

    def settled(self, name: str = "") -> str:
        def status() -> str:
            found = str(self.cfn.describe_stacks(StackName=name or self.id)["Stacks"][0]["StackStatus"])
            return "" if found.endswith("IN_PROGRESS") else found

        return str(Cloud.until(status, 30))

    @property
    def id(self) -> str:
        if not hasattr(self, "_id"):
            self._id = self.cfn.describe_stacks(StackName=self.name)["Stacks"][0]["StackId"]
        return str(self._id)

    def outputs(self) -> dict[str, str]:
        stack = self.cfn.describe_stacks(StackName=self.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def events(self, name: str = "") -> list[dict[str, Any]]:
        return list(self.cfn.describe_stack_events(StackName=name or self.id)["StackEvents"])

    def physical(self, logical_id: str, name: str = "") -> str:
        answer = self.cfn.describe_stack_resource(StackName=name or self.name, LogicalResourceId=logical_id)
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])

    def reason(self) -> str:
        """Why the last operation failed: the first reason, as a reader looks for it."""
        failed = [event for event in self.events() if event["ResourceStatus"].endswith("_FAILED")]
        return str(failed[-1]["ResourceStatusReason"])

    def delete(self) -> str:
        _ = self.id
        self.cfn.delete_stack(StackName=self.name)
        return self.settled()


def only(resource_type: str, properties: dict[str, Any], **extra: Any) -> dict[str, Any]:
    """A template of one resource, Thing, and whatever it needs."""
    return {"Resources": {"Thing": {"Type": resource_type, "Properties": properties}, **extra}}
