"""SNS: e-mail and SMS in a local inbox, failed deliveries in dead-letter queues, AWS's checks of Publish."""

from __future__ import annotations

from localcloud.glue import hooks
from localcloud.glue.outbox import on_reset
from localcloud.settings import Settings


def install(settings: Settings) -> None:
    """Replace the fan-out and mount GET /_dropforge/inbox."""
    from localcloud.glue.sns.checks import checked
    from localcloud.glue.sns.fanout import Fanout
    from localcloud.glue.sns.inbox import Inbox, mounted

    inbox = Inbox(settings.data / "inbox.sqlite")
    fanout = Fanout(inbox)
    hooks.replace("services.sns", "_fanout", fanout)
    hooks.wrap("services.sns", "_publish", lambda publish: checked(publish, inbox))
    hooks.wrap("app", "_handle_pre_body_request", lambda handle: mounted(handle, inbox))
    on_reset(inbox.clear)
