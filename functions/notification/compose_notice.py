"""What to tell people about an event on the bus."""

from __future__ import annotations

from dropforge.handler import takes
from notification import decide
from notification.models import BusEvent, Notice


@takes(BusEvent)
def handler(facts: BusEvent) -> Notice:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return decide.compose_notice(facts)
