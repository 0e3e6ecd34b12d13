"""What this service needs of `localcloud.containers`, so that tests can put a fake in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

Kind = Literal["train", "process", "serve"]


@dataclass(frozen=True)
class Request:
    """What to start; the fields are those of `localcloud.containers.launch.Launch`."""

    image: str
    kind: Kind
    root: Path
    environment: dict[str, str]
    on_line: Callable[[str], None]
    entrypoint: list[str] = field(default_factory=list)
    network_isolation: bool = False
    port: int | None = None
    credentials: dict[str, str] = field(default_factory=dict)


class Process(Protocol):
    """A started container."""

    @property
    def pid(self) -> int:
        """The process id."""

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code, or None if it still runs after `timeout` seconds."""

    def stop(self, grace: float) -> None:
        """SIGTERM, then SIGKILL after `grace` seconds; returns when it has ended."""


class ImageError(Exception):
    """No runner is known for the image; the text says what to do."""


class Runtime(Protocol):
    """How containers are found and started."""

    def check(self, image: str, kind: Kind) -> None:
        """Raise ImageError if the image cannot be run here."""

    def metric_definitions(self, image: str, hyperparameters: dict[str, str]) -> list[dict[str, str]] | None:
        """A built-in algorithm's own metrics; None for other images and in script mode."""

    def start(self, request: Request) -> Process:
        """Start a container; raises ImageError."""


class LocalRuntime:
    """The real one: `localcloud.containers`."""

    def check(self, image: str, kind: Kind) -> None:
        """See Runtime."""
        from localcloud.containers import images

        try:
            images.check(image, kind)
        except (images.UnknownImageError, images.ImageMapError) as error:
            raise ImageError(str(error)) from error

    def metric_definitions(self, image: str, hyperparameters: dict[str, str]) -> list[dict[str, str]] | None:
        """See Runtime."""
        from localcloud.containers import images

        try:
            return images.metric_definitions(image, hyperparameters)
        except (images.UnknownImageError, images.ImageMapError):
            # An image that cannot be run is no built-in algorithm; the job will say what is wrong with it.
            return None

    def start(self, request: Request) -> Process:
        """See Runtime."""
        from localcloud.containers import images, launch

        try:
            return launch.start(launch.Launch(**vars(request)))
        except (images.UnknownImageError, images.ImageMapError) as error:
            raise ImageError(str(error)) from error
