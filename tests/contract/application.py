"""The application as CloudFormation would see it: every stack with its intrinsic functions resolved.

Account, region and generated names are made up here, once; event samples and policies are compared through them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from cfnlint.decode import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ACCOUNT, REGION, PREFIX = "111122223333", "us-east-1", "dropforge"
ROWS = ("intake", "training", "evaluation", "registry", "deployment", "experiment", "batch", "scaling", "notification")

_PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws", "AWS::StackName": PREFIX}
_NOTHING = object()  # AWS::NoValue
_ARNS = {
    "AWS::Serverless::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}",
    "AWS::Serverless::StateMachine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{}}",
    "AWS::Serverless::LayerVersion": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{{}}:1",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "AWS::IAM::ManagedPolicy": f"arn:aws:iam::{ACCOUNT}:policy/{{}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{}}",
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}:*",
    "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{}}",
}
_REF_IS_ARN = {
    "AWS::Serverless::StateMachine",
    "AWS::Serverless::LayerVersion",
    "AWS::IAM::ManagedPolicy",
    "AWS::SNS::Topic",
}


@dataclass(frozen=True)
class Stack:
    """One template with the values of its parameters."""

    name: str
    path: Path
    parameters: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def template(self) -> dict[str, Any]:
        template, problems = decode(str(self.path))
        assert not problems, problems
        return json.loads(json.dumps(template))

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical id → resource with everything resolved, for one resource type."""
        return {n: self.resolve(r) for n, r in self.template["Resources"].items() if r["Type"] == kind}

    def properties_of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical id → resolved properties, for one resource type."""
        return {name: resource["Properties"] for name, resource in self.of(kind).items()}

    def parameter(self, name: str) -> Any:
        value = self.parameters.get(name, self.template["Parameters"][name].get("Default"))
        is_list = self.template["Parameters"][name]["Type"] == "CommaDelimitedList"
        return value.split(",") if is_list and isinstance(value, str) else value

    def resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [v for v in map(self.resolve, value) if v is not _NOTHING]
        if not isinstance(value, dict):
            return value
        name = next(iter(value), "")
        if len(value) == 1 and (name == "Ref" or name.startswith("Fn::")):
            return getattr(self, "_" + name.removeprefix("Fn::").lower())(value[name])
        return {k: r for k, v in value.items() if (r := self.resolve(v)) is not _NOTHING}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self.template.get("Parameters", {}):
            return self.parameter(name)
        kind = self.template["Resources"][name]["Type"]
        return self._arn(name) if kind in _REF_IS_ARN else self._physical(name)

    def _physical(self, name: str) -> str:
        properties = self.template["Resources"][name].get("Properties", {})
        named = properties.get("Name") or properties.get("LayerName") or properties.get("LogGroupName")
        if named:
            return str(self.resolve(named))
        made_up = f"{PREFIX}-{name}"
        return made_up.lower() if self.template["Resources"][name]["Type"] == "AWS::S3::Bucket" else made_up

    def _arn(self, name: str) -> str:
        return _ARNS[self.template["Resources"][name]["Type"]].format(self._physical(name))

    def _getatt(self, target: Any) -> Any:
        name, _, attribute = target.partition(".") if isinstance(target, str) else (target[0], "", target[1])
        if attribute == "Arn":
            return self._arn(name)
        if attribute == "StreamArn":
            return self._arn(name) + "/stream/2026-01-01T00:00:00.000"
        if attribute == "QueueName":
            return self._physical(name)
        return f"<{name}.{attribute}>"

    def _sub(self, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            return str(self._getatt(match[1]) if "." in match[1] else self._ref(match[1]))

        return re.sub(r"\$\{([A-Za-z0-9:.]+)\}", value, text)

    def _join(self, arguments: list[Any]) -> str:
        return str(arguments[0]).join(map(str, self.resolve(arguments[1])))

    def _if(self, arguments: list[Any]) -> Any:
        return self.resolve(arguments[1] if self._truth(arguments[0]) else arguments[2])

    def _truth(self, condition: Any) -> bool:
        if isinstance(condition, str):
            return self._truth(self.template["Conditions"][condition])
        if "Fn::Not" in condition:
            return not self._truth(condition["Fn::Not"][0])
        left, right = self.resolve(condition["Fn::Equals"])
        return bool(left == right)


@dataclass(frozen=True)
class Machine:
    """A state machine of the stacks with its definition."""

    row: str
    logical_id: str
    properties: dict[str, Any]
    definition_path: Path

    @property
    def text(self) -> str:
        return self.definition_path.read_text(encoding="utf-8")

    @property
    def substitutions(self) -> dict[str, str]:
        return self.properties["DefinitionSubstitutions"]

    @cached_property
    def definition(self) -> dict[str, Any]:
        text = self.text
        for name, value in self.substitutions.items():
            text = text.replace(f"${{{name}}}", str(value))
        return yaml.safe_load(text)

    def states(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from _states(self.definition)

    def tasks(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(name, integration such as `dynamodb:putItem`, state) of every Task."""
        for name, state in self.states():
            if state["Type"] == "Task":
                yield name, state["Resource"].removeprefix("arn:aws:states:::"), state


def _states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        for inner in [state[k] for k in ("ItemProcessor", "Iterator") if k in state] + state.get("Branches", []):
            yield from _states(inner)


@cache
def root() -> Stack:
    return Stack("root", ROOT / "template.yaml")


@cache
def rows() -> dict[str, Stack]:
    """Row → its stack, with the parameters that the root gives it."""
    found = {}
    for application in root().of("AWS::Serverless::Application").values():
        path = ROOT / application["Properties"]["Location"]
        found[path.stem] = Stack(path.stem, path, application["Properties"].get("Parameters", {}))
    return found


def stacks() -> list[Stack]:
    return [root(), *rows().values()]


@cache
def machines() -> dict[str, Machine]:
    """Logical id → machine, of all rows."""
    return {
        name: Machine(row, name, properties, (stack.path.parent / properties["DefinitionUri"]).resolve())
        for row, stack in rows().items()
        for name, properties in stack.properties_of("AWS::Serverless::StateMachine").items()
    }


@cache
def functions() -> dict[str, dict[str, Any]]:
    """Logical id → properties (with `Environment` and `Policies` of its own), of all stacks."""
    return {
        name: resource["Properties"]
        for stack in stacks()
        for name, resource in stack.of("AWS::Serverless::Function").items()
    }


@cache
def rules() -> dict[str, tuple[str, dict[str, Any]]]:
    """Logical id → (row, properties) of every EventBridge rule."""
    return {
        name: (row, resource["Properties"])
        for row, stack in rows().items()
        for name, resource in stack.of("AWS::Events::Rule").items()
    }
