"""The names that AWS's samples import; `env`, `modules`, `server` and `transformer` are imported but never used."""

from __future__ import annotations

from localcloud.containers.guest.compat.sagemaker_inference import content_types, errors

from . import encoders, worker


class Unavailable:
    """A part of sagemaker-containers that the local cloud does not have; using it says so."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> object:
        """Refuse. Raises AttributeError."""
        raise AttributeError(f"sagemaker_containers.beta.framework.{self._name}.{attribute}: not in the local cloud")


env, modules, server, transformer = map(Unavailable, ("env", "modules", "server", "transformer"))

__all__ = ["content_types", "encoders", "env", "errors", "modules", "server", "transformer", "worker"]
