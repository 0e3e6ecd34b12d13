"""What Publish refuses on AWS: subjects that are not plain ASCII, and structured messages without a default."""

from __future__ import annotations

import json
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.sns.inbox import Inbox, Message

Json = dict[str, Any]
_SUBJECT = 100


def checked(publish: Any, inbox: Inbox) -> Any:
    """Wrap ministack's Publish; an SMS to a phone number also goes to the inbox."""

    def run(params: Json) -> Any:
        sns = hooks.module("services.sns")

        def given(name: str) -> str:
            return str(sns._p(params, name) or "")

        problem = _problem(given("Subject"), given("Message"), given("MessageStructure"))
        if problem:
            return sns._error("InvalidParameter", f"Invalid parameter: {problem}", 400)
        answer = publish(params)
        if given("PhoneNumber") and not given("TopicArn") and answer[0] == 200:  # noqa: PLR2004
            text = sns._resolve_message_for_protocol(given("Message"), given("MessageStructure"), "sms")
            inbox.add(Message("sms", "", given("PhoneNumber"), "", text, {}))
        return answer

    return run


def _problem(subject: str, message: str, structure: str) -> str:
    if subject and not _plain(subject):
        return "Subject"
    if structure != "json":
        return ""
    try:
        parsed = json.loads(message)
    except ValueError:
        return "Message Structure - JSON message body failed to parse"
    if not isinstance(parsed, dict) or "default" not in parsed:
        return "Message Structure - No default entry in JSON message body"
    if not all(isinstance(value, str) for value in parsed.values()):
        return "Message Structure - JSON message body failed to parse"
    return ""


def _plain(subject: str) -> bool:
    """API reference: printable ASCII, at most 100 characters, no line break, beginning with a visible character."""
    return len(subject) <= _SUBJECT and subject.isascii() and subject.isprintable() and not subject[0].isspace()
