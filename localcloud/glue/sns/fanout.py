"""A published message to each subscription that wants it; what cannot be delivered goes to the redrive queue."""

from __future__ import annotations

import json
import logging
from typing import Any

from localcloud.glue import callers, hooks
from localcloud.glue.sns.inbox import Inbox

Json = dict[str, Any]
logger = logging.getLogger("dropforge.sns")
PRINCIPAL = "sns.amazonaws.com"


class DeliveryError(RuntimeError):
    """A subscription's endpoint does not exist or does not take the message."""


class Fanout:
    """Replaces ministack's ``_fanout``: the same deliveries, with none that vanishes."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def __call__(self, topic_arn: str, msg_id: str, message: str, subject: str, message_structure: str = "",
                 message_attributes: Json | None = None, message_group_id: str = "", message_dedup_id: str = "") -> None:  # fmt: skip
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
            try:
                if sub["protocol"] == "sqs":
                    self._queue(sub, topic_arn, envelope, raw, text, attributes, message_group_id, message_dedup_id)
                else:
                    self._other(sub, topic_arn, envelope, text, subject, attributes)
            except (DeliveryError, callers.NotAllowedError) as error:
                self._redrive(sub, topic_arn, envelope, error)

    @staticmethod
    def _queue(sub: Json, topic_arn: str, envelope: str, raw: bool, text: str, attributes: Json, group: str,
               dedup: str) -> None:  # fmt: skip
        if hooks.target("services.sqs", "_queue_by_arn")(sub["endpoint"]) is None:
            raise DeliveryError(f"there is no queue {sub['endpoint']}")
        callers.check_service("sqs:SendMessage", sub["endpoint"], PRINCIPAL, topic_arn)
        hooks.target("services.sns", "_deliver_to_sqs")(
            sub["endpoint"], envelope, raw, text, message_group_id=group, message_dedup_id=dedup,
            message_attributes=attributes, topic_arn=topic_arn,
        )  # fmt: skip

    def _other(self, sub: Json, topic_arn: str, envelope: str, text: str, subject: str, attributes: Json) -> None:
        protocol, endpoint = sub["protocol"], sub["endpoint"]
        if protocol == "lambda":
            _function(sub, topic_arn, envelope)
        elif protocol in ("email", "email-json", "sms"):
            values = {name: str(value.get("StringValue", "")) for name, value in attributes.items()}
            body = envelope if protocol == "email-json" else text
            title = "" if protocol == "sms" else subject or "AWS Notification Message"
            self._inbox.add(protocol, topic_arn, endpoint, title, body, values)
        elif protocol in ("http", "https"):
            spawn = hooks.target("core.concurrency", "spawn_background")
            spawn(_post, endpoint, envelope, thread_name="dropforge-sns-http")
        else:
            raise DeliveryError(f"protocol {protocol} is not supported by the local cloud")

    @staticmethod
    def _redrive(sub: Json, topic_arn: str, envelope: str, error: Exception) -> None:
        policy = json.loads(sub.get("attributes", {}).get("RedrivePolicy") or "{}")
        queue = policy.get("deadLetterTargetArn")
        logger.error("subscription %s: %s", sub["arn"], error)
        hooks.target("services.cloudwatch", "record_metric")(
            "AWS/SNS", "NumberOfNotificationsFailed", 1, "Count", {"TopicName": topic_arn.rsplit(":", 1)[-1]}
        )
        if not queue:
            return
        try:
            callers.check_service("sqs:SendMessage", queue, PRINCIPAL, topic_arn)
        except callers.NotAllowedError as refusal:
            logger.error("subscription %s: and not to its redrive queue either: %s", sub["arn"], refusal)  # noqa: TRY400
            return
        url = hooks.target("services.sqs", "_queue_by_arn")(queue)["url"]
        hooks.target("services.sqs", "_act_send_message")({"MessageBody": envelope}, url)


def _function(sub: Json, topic_arn: str, envelope: str) -> None:
    lambda_svc = hooks.module("services.lambda_svc")
    func, config, name = lambda_svc._get_func_record_for_ref(sub["endpoint"])
    if not func or not config:
        raise DeliveryError(f"there is no function {name}")
    callers.check_service("lambda:InvokeFunction", sub["endpoint"], PRINCIPAL, topic_arn)
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": sub["arn"],
        "Sns": json.loads(envelope),
    }
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(func, config), {"Records": [record]})


def _post(endpoint: str, envelope: str) -> None:
    hooks.target("services.sns", "_http_post_sync")(endpoint, envelope, "Notification")
