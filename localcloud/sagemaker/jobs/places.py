"""Where a container's /opt/ml lies on this machine."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from localcloud.sagemaker.errors import InvalidRequestError

ROOT = PurePosixPath("/opt/ml")


def check(path: str, field: str) -> None:
    """Refuse a container path that is not below /opt/ml; `field` names it in AWS's manner."""
    pure = PurePosixPath(path)
    if ROOT not in pure.parents or ".." in pure.parts:
        raise InvalidRequestError(f"{field} '{path}' must be a directory below {ROOT}")


def local(root: Path, path: str) -> Path:
    """The directory of this machine that plays the container path (which `check` has seen)."""
    return root / PurePosixPath(path).relative_to(ROOT)
