"""Whether an uploaded project.yaml is valid."""

from __future__ import annotations

from dropforge.handler import takes
from dropforge.settings import Settings
from intake import decide
from intake.models import ProjectReading, ReadProject


class ReadProjectSettings(Settings):
    """`ALLOWED_IMAGES`: image URIs that a project may name, separated by commas."""

    allowed_images: str = ""


settings = ReadProjectSettings.read()


@takes(ReadProject)
def handler(facts: ReadProject) -> ProjectReading:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    allowed = frozenset(i.strip() for i in settings.allowed_images.split(",") if i.strip())
    return decide.read_project(facts, allowed)
