"""A published message to each subscription that wants it; what cannot be delivered goes to the redrive queue."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

from localcloud.glue import callers, hooks
from localcloud.glue.sns.inbox import Inbox, Message

Json = dict[str, Any]
logger = logging.getLogger("dropforge.sns")
PRINCIPAL = "sns.amazonaws.com"


class DeliveryError(RuntimeError):
    """A subscription's endpoint does not exist or does not take the message."""


@dataclass(frozen=True)
class Notification:
    """One message for one subscription, in the text and the envelope that its protocol gets."""

    sub: Json
    topic_arn: str
    subject: str
    text: str
    attributes: Json
    envelope: str
    group_id: str
    dedup_id: str

    @property
    def raw(self) -> bool:
        """Whether the subscription wants the text without its envelope."""
        return bool(self.sub.get("attributes", {}).get("RawMessageDelivery", "false") == "true")


class Fanout:
    """Replaces ministack's ``_fanout``: the same deliveries, with none that vanishes."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def __call__(  # noqa: PLR0917 (the signature of what it replaces)
        self,
        topic_arn: str,
        msg_id: str,
        message: str,
        subject: str,
        message_structure: str = "",
        message_attributes: Json | None = None,
        message_group_id: str = "",
        message_dedup_id: str = "",
    ) -> None:
        """Deliver to every confirmed subscription whose filter policy matches."""
        sns = hooks.module("services.sns")
        topic = sns._topic_by_arn_any_scope(topic_arn)
        attributes = message_attributes or {}
        for sub in list((topic or {}).get("subscriptions", [])):
            text = sns._resolve_message_for_protocol(message, message_structure, sub["protocol"])
            if not sub.get("confirmed") or not sns._matches_filter_policy(sub, attributes, text):
                continue
            raw = sub.get("attributes", {}).get("RawMessageDelivery", "false") == "true"
            envelope = sns._build_envelope(topic_arn, msg_id, text, subject, attributes, raw)
            self._deliver(
                Notification(sub, topic_arn, subject, text, attributes, envelope, message_group_id, message_dedup_id)
            )

    def _deliver(self, notification: Notification) -> None:
        protocol = notification.sub["protocol"]
        try:
            if protocol == "sqs":
                _queue(notification)
            elif protocol == "lambda":
                _function(notification)
            elif protocol in ("email", "email-json", "sms"):
                self._person(notification)
            elif protocol in ("http", "https"):
                spawn = hooks.target("core.concurrency", "spawn_background")
                post = hooks.target("services.sns", "_http_post_sync")
                endpoint = notification.sub["endpoint"]
                spawn(post, endpoint, notification.envelope, "Notification", thread_name="dropforge-sns-http")
            else:
                raise DeliveryError(f"protocol {protocol} is not supported by the local cloud")
        except (DeliveryError, callers.NotAllowedError) as error:
            _redrive(notification, error)

    def _person(self, notification: Notification) -> None:
        protocol = notification.sub["protocol"]
        values = {name: str(value.get("StringValue", "")) for name, value in notification.attributes.items()}
        body = notification.envelope if protocol == "email-json" else notification.text
        title = "" if protocol == "sms" else notification.subject or "AWS Notification Message"
        topic, endpoint = notification.topic_arn, notification.sub["endpoint"]
        self._inbox.add(Message(protocol, topic, endpoint, title, body, values))


def _queue(notification: Notification) -> None:
    arn = notification.sub["endpoint"]
    if hooks.target("services.sqs", "_queue_by_arn")(arn) is None:
        raise DeliveryError(f"there is no queue {arn}")
    callers.check_service("sqs:SendMessage", arn, PRINCIPAL, notification.topic_arn)
    hooks.target("services.sns", "_deliver_to_sqs")(
        arn,
        notification.envelope,
        notification.raw,
        notification.text,
        message_group_id=notification.group_id,
        message_dedup_id=notification.dedup_id,
        message_attributes=notification.attributes,
        topic_arn=notification.topic_arn,
    )


def _redrive(notification: Notification, error: Exception) -> None:
    policy = json.loads(notification.sub.get("attributes", {}).get("RedrivePolicy") or "{}")
    queue, arn = policy.get("deadLetterTargetArn"), notification.sub["arn"]
    logger.error("subscription %s: %s", arn, error)
    topic = notification.topic_arn.rsplit(":", 1)[-1]
    record = hooks.target("services.cloudwatch", "record_metric")
    record("AWS/SNS", "NumberOfNotificationsFailed", 1, "Count", {"TopicName": topic})
    if not queue:
        return
    try:
        callers.check_service("sqs:SendMessage", queue, PRINCIPAL, notification.topic_arn)
    except callers.NotAllowedError as refusal:
        logger.error("subscription %s: and not to its redrive queue either: %s", arn, refusal)  # noqa: TRY400
        return
    url = hooks.target("services.sqs", "_queue_by_arn")(queue)["url"]
    hooks.target("services.sqs", "_act_send_message")({"MessageBody": notification.envelope}, url)


def _function(notification: Notification) -> None:
    lambda_svc, arn = hooks.module("services.lambda_svc"), notification.sub["endpoint"]
    func, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not func or not config:
        raise DeliveryError(f"there is no function {name}")
    callers.check_service("lambda:InvokeFunction", arn, PRINCIPAL, notification.topic_arn)
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": notification.sub["arn"],
        "Sns": json.loads(notification.envelope),
    }
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(func, config), {"Records": [record]})
