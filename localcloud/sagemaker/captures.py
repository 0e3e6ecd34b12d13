"""Captured calls to S3, with the credentials of the endpoint's role: complete files, one object each."""

from __future__ import annotations

import contextlib
import json
import logging
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.aws import Aws
from localcloud.sagemaker.batching import Batcher
from localcloud.sagemaker.errors import AssumeRoleError

_log = logging.getLogger(__name__)
# Asking again changes nothing: as on AWS, what cannot be written is lost.
_FINAL = {"AccessDenied", "NoSuchBucket", "KMS.NotFoundException", "InvalidArgument"}


class CaptureWriter:
    """Puts files from one thread. A file that cannot be put now is tried again with the next."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._later: list[Path] = []
        self._batcher: Batcher[Path] = Batcher("capture", self._write)

    def add(self, told: dict[str, Any]) -> None:
        """Queue a complete file (`dataplane.capture`)."""
        self._batcher.add(Path(told["path"]))

    def flush(self) -> None:
        """Wait until the queue is written."""
        self._batcher.flush()

    def close(self) -> None:
        """Stop; what is left is taken up at the next start."""
        self._batcher.close()

    def _write(self, paths: list[Path]) -> None:
        paths, self._later = [*self._later, *paths], []
        for path in paths:
            try:
                self._take(path)
            except FileNotFoundError:
                continue
            except Exception as error:  # of this file alone: it was cut off, by a full disk or the end of the machine
                _log.warning("captured data is set aside as %s.bad: %s", path.stem, error)
                with contextlib.suppress(OSError):
                    path.rename(path.with_suffix(".bad"))

    def _take(self, path: Path) -> None:
        try:
            self._put(path)
        except AssumeRoleError as error:
            _log.warning("captured data is lost: %s", error)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _FINAL:
                self._later.append(path)
                return
            _log.warning("captured data is lost: %s", error)
        except BotoCoreError as error:
            _log.info("captured data is kept for later: %s", error)
            self._later.append(path)
            return
        path.unlink(missing_ok=True)

    def _put(self, path: Path) -> None:
        with path.open("rb") as file:
            header = json.loads(file.readline())
            body = file.read()
        body = body[: body.rfind(b"\n") + 1]  # a record that was cut off is none
        client = self._aws.role_client(header["role"], "s3") if header["role"] else self._aws.own("s3")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": header["kms"]} if header["kms"] else {}
        if body:
            client.put_object(Bucket=header["bucket"], Key=header["key"], Body=body, **encryption)
