"""Which configurations a project served: the `deployed#` items of the deployments table."""

from __future__ import annotations

from typing import Any

from dropforge import events, names


def before(items: list[dict[str, Any]], package_arn: str) -> str | None:
    """The configuration of the version that was served last before this one; null: none was."""
    return next((item["endpoint_config"] for item in _served(items) if item.get("package_arn") != package_arn), None)


def alone(items: list[dict[str, Any]], live: str) -> str:
    """The live version's own configuration, where a comparison that did not end is live."""
    served, version = _served(items), names.configured_version(live)
    if version is None or any(item["endpoint_config"] == live for item in served):
        return live
    own = (item["endpoint_config"] for item in served if names.configured_version(item["endpoint_config"]) == version)
    return next(own, live)


def _served(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest first."""
    found = [item for item in map(events.plain, items) if str(item.get("sk")).startswith("deployed#")]
    kept = [item for item in found if item.get("endpoint_config")]
    return sorted(kept, key=lambda item: str(item["sk"]), reverse=True)
