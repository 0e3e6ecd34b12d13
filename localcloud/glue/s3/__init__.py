"""S3 as AWS has it where ministack differs."""

from __future__ import annotations


def install() -> None:
    """Install the hooks. Raises HookError."""
    from localcloud.glue.s3 import bodies, encryption, events

    events.install()
    encryption.install()
    bodies.install()
