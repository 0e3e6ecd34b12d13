"""One invocation from its input to its answer in S3 and the notice of it."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.asynchronous.item import Item
from localcloud.sagemaker.asynchronous.outcome import Outcome, notice, topic
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import AssumeRoleError
from localcloud.sagemaker.invoke import SECONDS, SECRET
from localcloud.sagemaker.jobs import transfer

_log = logging.getLogger(__name__)
# Besides the invocation itself: a wait for an instance that is being started again.
_SLACK_SECONDS = 60.0
_CONNECTIONS = 64
_OK, _MODEL_ERROR = 200, 424


class BusyError(Exception):
    """Nobody could take the invocation now; it stays in the queue."""


class Worker:
    """Thread-safe."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pool = urllib3.PoolManager(maxsize=_CONNECTIONS, retries=False)

    def ask(self, item: Item) -> Outcome:
        """Read the input and ask the model; raises BusyError."""
        if self._context.clock() - item.received > item.ttl:
            reason = f"The request was in the queue for longer than its RequestTTLSeconds, {item.ttl}."
            return Outcome(reason.encode(), reason=reason, expired=True)
        try:
            body = self._input(item)
        except (ClientError, BotoCoreError, AssumeRoleError) as error:
            reason = f"Unable to download the input from {item.input} with role {item.role}: {error}"
            return Outcome(reason.encode(), reason=reason)
        return self._invoke(item, body)

    def tell(self, item: Item, outcome: Outcome) -> Outcome:
        """Put the answer, or the failure, into S3 and publish the notice; an answer that cannot be put is a failure."""
        if outcome.reason is None:
            try:
                self._put(item, item.output, outcome)
            except (ClientError, BotoCoreError, AssumeRoleError) as error:
                reason = f"Unable to upload the answer to {item.output} with role {item.role}: {error}"
                outcome = Outcome(reason.encode(), reason=reason, variant=outcome.variant)
        if outcome.reason is not None and item.failure is not None:
            try:
                self._put(item, item.failure, outcome)
            except (ClientError, BotoCoreError, AssumeRoleError) as error:
                _log.warning("asynchronous invocation %s: %s", item.inference_id, error)
        self._publish(item, outcome)
        return outcome

    def _input(self, item: Item) -> bytes:
        if item.input is None:
            return base64.b64decode(item.body or "")
        bucket, key = transfer.split(item.input)
        answer = self._context.aws.role_client(item.role, "s3").get_object(Bucket=bucket, Key=key)
        body: bytes = answer["Body"].read()
        return body

    def _invoke(self, item: Item, body: bytes) -> Outcome:
        router = self._context.router
        headers = item.headers | {SECRET: router.settings.secret, SECONDS: f"{item.timeout:d}"}
        url = f"{router.url}/endpoints/{item.endpoint}/invocations"
        try:
            answer = self._pool.request(
                "POST", url, body=body, headers=headers, timeout=item.timeout + _SLACK_SECONDS
            )  # fmt: skip
        except urllib3.exceptions.HTTPError as error:
            raise BusyError(str(error)) from error
        if answer.status == _OK:
            variant = answer.headers.get("x-Amzn-Invoked-Production-Variant", "")
            return Outcome(answer.data, answer.headers.get("content-type", ""), variant=variant)
        # No instance, one that was stopped under the call, an endpoint that is being changed, a router that restarts.
        if answer.status != _MODEL_ERROR:
            raise BusyError(answer.data.decode(errors="replace"))
        told = json.loads(answer.data)
        return Outcome(told["OriginalMessage"].encode(), "text/plain", reason=told["Message"])

    def _put(self, item: Item, uri: str, outcome: Outcome) -> None:
        bucket, key = transfer.split(uri)
        more: dict[str, Any] = {"ContentType": outcome.content_type} if outcome.content_type else {}
        if "KmsKeyId" in item.config:
            more |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": item.config["KmsKeyId"]}
        client = self._context.aws.role_client(item.role, "s3")
        client.put_object(Bucket=bucket, Key=key, Body=outcome.body, **more)

    def _publish(self, item: Item, outcome: Outcome) -> None:
        arn = topic(item, outcome)
        if arn is None:
            return
        message = json.dumps(notice(item, outcome, self._context.region, self._context.clock()))
        try:
            self._context.aws.role_client(item.role, "sns").publish(TopicArn=arn, Message=message)
        except (ClientError, BotoCoreError, AssumeRoleError) as error:
            _log.warning("asynchronous invocation %s: the notice to %s: %s", item.inference_id, arn, error)
