"""For how long the cloud has been behind: messages waited in a queue for the function that is mapped to it.

Time on a laptop is compressed, work is not. A burst that AWS takes in within a quiet period takes a laptop many
compressed ones; so waits pass at real speed for as long as there is a backlog (stepfunctions/clock.py).
"""

from __future__ import annotations

import threading
import time
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.persistence.tracked import only_reading
from localcloud.glue.sqs.messages import Messages

_LOOK = 0.1  # seconds


def there_is_one() -> bool:
    """Whether a mapped queue has messages that no function has done, failures that come again apart."""
    sqs, esms = hooks.module("services.sqs"), hooks.target("services.lambda_svc", "_esms")
    with only_reading():
        sources = {esm["EventSourceArn"] for _, esm in esms.all_items() if esm.get("Enabled", True)}
        queues: list[Any] = [queue for _, queue in sqs._queues.all_items()]
    found = (queue["messages"] for queue in queues if queue["attributes"].get("QueueArn") in sources)
    return any(messages.fresh() if isinstance(messages, Messages) else messages for messages in found)


class Backlog:
    """Counts the seconds with a backlog."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._pause = threading.Event()

    def start(self) -> None:
        """Look from now on, in a thread."""
        threading.Thread(target=self._run, name="dropforge-backlog", daemon=True).start()

    def _run(self) -> None:
        looked = time.monotonic()
        while not self._pause.wait(_LOOK):
            now = time.monotonic()
            if there_is_one():
                self.seconds += now - looked
            looked = now
