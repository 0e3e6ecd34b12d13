"""Which images a project.yaml may name: naming one is running code, so the stack's owner lists them."""

from __future__ import annotations

from fnmatch import fnmatchcase


def patterns(setting: str) -> list[str]:
    """The list from the function's environment: URIs with `*` as wildcard, separated by commas."""
    return [p.strip() for p in setting.split(",") if p.strip()]


def allowed(image: str, setting: str) -> bool:
    """Whether the image is on the list."""
    return any(fnmatchcase(image, pattern) for pattern in patterns(setting))
