"""S3 as AWS has it where ministack differs."""

from __future__ import annotations

from localcloud.glue.outbox import Outbox


def install(outbox: Outbox) -> None:
    """Install the hooks. Raises HookError, SettingsError."""
    from localcloud.glue.s3 import bodies, configurations, encryption, events, listings

    events.install(outbox)
    configurations.install()
    encryption.install()
    listings.install()
    bodies.install()
