"""Whether an uploaded project.yaml is valid."""

from __future__ import annotations

from dropforge.handler import takes
from dropforge.settings import Settings
from intake import decide
from intake.models import ProjectReading, ReadProject


class ReadProjectSettings(Settings):
    """`ALLOWED_IMAGES`: images that a project may name (`images_allowed`)."""

    allowed_images: str = ""


settings = ReadProjectSettings.read()


@takes(ReadProject)
def handler(facts: ReadProject) -> ProjectReading:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return decide.read_project(facts, settings.allowed_images)
