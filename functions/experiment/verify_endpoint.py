"""The rows that the evaluation kept are sent to the live endpoint, and its answers compared with the kept ones."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from dropforge.handler import takes
from dropforge.settings import Settings
from experiment.answers import read_answer, same
from experiment.models import Verification, VerifyEndpoint
from experiment.sample import load_sample

EXAMPLES = 5
LONGEST_TEXT = 300
LONGEST_MESSAGE = 1000
OURS = {"AccessDeniedException", "AccessDenied", "ExpiredTokenException"}


class VerifyEndpointSettings(Settings):
    """The environment of `verify_endpoint`."""

    artifacts_bucket_name: str


settings = VerifyEndpointSettings.read()
s3 = boto3.client("s3")
# A model has a minute to answer; a serverless one starts first, and an endpoint that is new may refuse at once.
runtime = boto3.client(
    "sagemaker-runtime", config=Config(read_timeout=65, retries={"mode": "standard", "max_attempts": 4})
)


@takes(VerifyEndpoint)
def handler(facts: VerifyEndpoint) -> Verification:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    sample = load_sample(s3, settings.artifacts_bucket_name, facts.project, facts.run)
    if sample is None:
        return Verification()
    rows = len(sample["answers"])
    target = {} if facts.variant is None else {"TargetVariant": facts.variant}
    began = time.monotonic()
    try:
        response = runtime.invoke_endpoint(
            EndpointName=facts.endpoint,
            ContentType=sample["content_type"],
            Accept=sample["accept"],
            Body=sample["body"].encode(),
            **target,
        )
        text = response["Body"].read().decode("utf-8", errors="replace")
    except (ClientError, BotoCoreError) as error:
        return Verification(sampled=True, rows=rows, error=_told(error))
    taken = round((time.monotonic() - began) * 1000)
    return _compared(sample, read_answer(text)).model_copy(update={"milliseconds": taken})


def _told(error: ClientError | BotoCoreError) -> dict[str, str]:
    """What the caller was told; raises what is no fault of the endpoint's."""
    if isinstance(error, BotoCoreError):
        return {"code": type(error).__name__, "message": str(error)[:LONGEST_MESSAGE]}
    found = error.response["Error"]
    if found["Code"] in OURS:
        raise error
    message = error.response.get("OriginalMessage") or found.get("Message") or str(error)
    return {"code": found["Code"], "message": message[:LONGEST_MESSAGE]}


def _compared(sample: dict[str, Any], answers: list[Any]) -> Verification:
    evaluated, lines = sample["answers"], sample["body"].splitlines()
    pairs = list(zip(evaluated, answers, strict=False))
    differing = [number for number, (one, other) in enumerate(pairs) if not same(one, other)]
    examples = [
        {
            "row": number + 1,
            "sent": lines[number][:LONGEST_TEXT] if len(lines) == len(evaluated) else "",
            "evaluated": json.dumps(evaluated[number])[:LONGEST_TEXT],
            "answered": json.dumps(answers[number])[:LONGEST_TEXT],
        }
        for number in differing[:EXAMPLES]
    ]
    return Verification(
        sampled=True, rows=len(evaluated), answered=len(answers), different=len(differing), examples=examples
    )
