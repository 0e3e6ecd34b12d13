"""The Lambda functions of the stacks, as the template declares them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
WITH_PERMISSIONS = {
    "intake.claim_drops",
    "intake.check_window",
    "intake.list_drop",
    "intake.inspect_drop",
    "intake.find_missed",
    "training.gather_inputs",
    "training.package_model",
    "deploy.publish_jobs",
}


@dataclass(frozen=True)
class LambdaFunction:
    """A function: its handler, environment (references become placeholders), and whether it only decides."""

    handler: str
    environment: dict[str, str]
    deciding: bool


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short intrinsics, which become placeholders."""


def _placeholder(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> str:
    """`!Ref Name` as `Ref Name`, everything else by its kind alone."""
    return f"{suffix} {node.value}" if isinstance(node, yaml.ScalarNode) else f"{suffix}-placeholder"


_Loader.add_multi_constructor("!", _placeholder)


def functions() -> list[LambdaFunction]:
    """All functions of template.yaml and stacks/, by handler."""
    found = []
    defaults: dict[str, str] = {}
    for path in [ROOT / "template.yaml", *sorted((ROOT / "stacks").glob("*.yaml"))]:
        document: dict[str, Any] = yaml.load(path.read_text(), Loader=_Loader)
        for name, parameter in document.get("Parameters", {}).items():
            if "Default" in parameter:
                defaults[f"Ref {name}"] = str(parameter["Default"])
        shared = document.get("Globals", {}).get("Function", {}).get("Environment", {}).get("Variables", {})
        for resource in document["Resources"].values():
            if resource["Type"] != "AWS::Serverless::Function":
                continue
            properties = resource["Properties"]
            own = properties.get("Environment", {}).get("Variables", {})
            handler = properties["Handler"]
            environment = {key: defaults.get(str(value), str(value)) for key, value in {**shared, **own}.items()}
            found.append(LambdaFunction(handler, environment, handler.removesuffix(".handler") not in WITH_PERMISSIONS))
    return sorted(found, key=lambda function: function.handler)
