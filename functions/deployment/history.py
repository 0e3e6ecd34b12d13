"""Which configurations a project served: the `deployed#` items of the deployments table."""

from __future__ import annotations

from typing import Any

from dropforge import events, names


def served(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was served, the newest first: `package_arn` and `endpoint_config`; `items` as DynamoDB gives them."""
    found = [item for item in map(events.plain, items) if str(item.get("sk")).startswith("deployed#")]
    return sorted(found, key=lambda item: str(item["sk"]), reverse=True)


def before(items: list[dict[str, Any]], package_arn: str) -> str | None:
    """The configuration of the version that was served last before this one; null: none was."""
    others = (item.get("endpoint_config") for item in served(items) if item["package_arn"] != package_arn)
    return next((config for config in others if config), None)


def alone(items: list[dict[str, Any]], live: str) -> str:
    """The live version's own configuration, where a comparison that did not end is live."""
    version, configs = names.configured_version(live), [str(item.get("endpoint_config")) for item in served(items)]
    if version is None or live in configs:
        return live
    return next((config for config in configs if names.configured_version(config) == version), live)
