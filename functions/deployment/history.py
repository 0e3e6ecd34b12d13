"""Which configurations a project served: the `deployed#` items of the deployments table."""

from __future__ import annotations

from typing import Any

from dropforge import events, names

NONE = "none"  # the deployment machine's note where there was no endpoint


def served(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was served, the newest first: `package_arn` and `endpoint_config`; `items` as DynamoDB gives them."""
    found = [item for item in map(events.plain, items) if str(item.get("sk")).startswith("deployed#")]
    return sorted(found, key=lambda item: str(item["sk"]), reverse=True)


def before(items: list[dict[str, Any]], package_arn: str) -> str | None:
    """The configuration that was live before this version was asked for; null: there was none.

    An attempt notes it with what is wanted. Without that note it is that of the version that was served last before.
    """
    wanted: dict[str, Any] = next((item for item in map(events.plain, items) if item.get("sk") == "wanted"), {})
    noted = wanted.get("before") if wanted.get("package_arn") == package_arn else None
    if noted:
        return None if noted == NONE else alone(items, str(noted))
    others = (item.get("endpoint_config") for item in served(items) if item["package_arn"] != package_arn)
    return next((config for config in others if config), None)


def alone(items: list[dict[str, Any]], live: str) -> str:
    """The live version's own configuration, where a comparison that did not end is live."""
    version, configs = names.configured_version(live), [str(item.get("endpoint_config")) for item in served(items)]
    if version is None or live in configs:
        return live
    return next((config for config in configs if names.configured_version(config) == version), live)
