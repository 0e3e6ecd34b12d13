"""A custom resource: at deployment, our job code goes to artifacts/dropforge/<digest>/.

SAM uploads only what a listed property names, and jobs read their code from S3. Versions of before stay, since jobs
that are planned may still read them.
"""

from __future__ import annotations

import hashlib
import json
import urllib.request
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import boto3
from aws_lambda_powertools.logging import Logger

PACKAGE = "dropforge_jobs"
REASON_LIMIT = 1000  # CloudFormation takes 4 KB in all
logger = Logger(service="dropforge")
s3 = boto3.client("s3")


def handler(event: dict[str, Any], context: Any) -> None:
    """Publish, and tell CloudFormation: `Data` is `{Prefix, Sha}`. Deleting the resource leaves the files."""
    answer: dict[str, Any] = {"Status": "SUCCESS"}
    try:
        if event["RequestType"] != "Delete":
            answer["Data"] = publish(event["ResourceProperties"]["Bucket"], read_modules())
            answer["PhysicalResourceId"] = answer["Data"]["Prefix"]
    except Exception as error:  # CloudFormation waits an hour for an answer, whatever happened
        logger.exception("not published")
        answer |= {"Status": "FAILED", "Reason": f"{type(error).__name__}: {error}"[:REASON_LIMIT]}
    stream = getattr(context, "log_stream_name", "dropforge-jobs")
    answer.setdefault("PhysicalResourceId", event.get("PhysicalResourceId") or stream)
    _tell(event, answer)


def read_modules() -> dict[str, bytes]:
    """The package's modules, by their path in it."""
    return dict(sorted(_modules(resources.files(PACKAGE))))


def _modules(folder: Traversable, above: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _modules(entry, f"{above}{entry.name}/")
        elif entry.name.endswith(".py"):
            yield f"{above}{entry.name}", entry.read_bytes()


def publish(bucket: str, modules: dict[str, bytes]) -> dict[str, str]:
    """Copy the modules under the digest of their names and contents; the same code goes to the same place."""
    whole = hashlib.sha256()
    for name, content in modules.items():
        whole.update(f"{name}:{hashlib.sha256(content).hexdigest()}\n".encode())
    sha = whole.hexdigest()[:16]
    prefix = f"dropforge/{sha}/"
    for name, content in modules.items():
        s3.put_object(Bucket=bucket, Key=f"{prefix}{PACKAGE}/{name}", Body=content, ContentType="text/x-python")
    logger.info("published", prefix=prefix, modules=len(modules))
    return {"Prefix": f"s3://{bucket}/{prefix}", "Sha": sha}


def _tell(event: dict[str, Any], answer: dict[str, Any]) -> None:
    """PUT the answer to the signed URL. Source: CloudFormation user guide, "Custom resource response objects"."""
    whole = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")} | answer
    body = json.dumps(whole).encode()
    request = urllib.request.Request(  # noqa: S310 (the URL comes from CloudFormation)
        event["ResponseURL"], body, {"Content-Type": "", "Content-Length": str(len(body))}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310  # nosec B310 (the URL comes from CloudFormation)
        logger.info("told CloudFormation", status=response.status, outcome=answer["Status"])
