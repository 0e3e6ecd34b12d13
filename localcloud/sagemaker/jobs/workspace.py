"""What every job's runner does alike: credentials, clients, log stream, process and its end."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import AssumeRoleError, JobFailedError
from localcloud.sagemaker.jobs.running import JobControl
from localcloud.sagemaker.jobs.transfer import Downloads
from localcloud.sagemaker.logs import LogStream
from localcloud.sagemaker.runtime import ImageError, Kind, Request
from localcloud.sagemaker.store import Record

_LONGEST_REASON = 1024
HOST = "algo-1"


class Workspace:
    """One job's directory (playing /opt/ml), its role's credentials and its log."""

    def __init__(self, context: Context, record: Record, role_arn: str, group: str) -> None:
        self.context = context
        self.root = context.home / "jobs" / record.name / "opt" / "ml"
        shutil.rmtree(self.root.parents[1], ignore_errors=True)
        self.root.mkdir(parents=True)
        try:
            self.role = context.aws.role(role_arn)
        except AssumeRoleError as error:
            raise JobFailedError(f"ClientError: SageMaker was unable to assume the role '{role_arn}'") from error
        self.s3 = self.role.client("s3")
        self.downloads = Downloads(self.s3, role_arn, context.region)
        stream = f"{record.name}/{HOST}-{round(context.clock())}"
        self.log: LogStream = context.logs.stream(self.role.client("logs"), group, stream)

    def directory(self, relative: str) -> Path:
        """A directory below /opt/ml, made if need be."""
        path = self.root / relative
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write_json(self, relative: str, value: Any) -> None:
        """A configuration file below /opt/ml."""
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))

    def read_text(self, relative: str, longest: int = _LONGEST_REASON) -> str:
        """The beginning of a file that the container may have written; "" if it did not."""
        path = self.root / relative
        if not path.is_file():
            return ""
        return path.read_text(errors="replace")[:longest]

    def run(self, control: JobControl, request: Request, seconds: float) -> int:
        """Start the container and wait for its exit code (137 for a process killed by signal 9)."""
        try:
            process = self.context.runtime.start(request)
        except ImageError as error:
            raise JobFailedError(f"ClientError: {error}") from error
        code = control.run(process, seconds)
        self.log.flush()
        return 128 - code if code < 0 else code

    def check_image(self, image: str, kind: Kind) -> None:
        """Raise JobFailedError before any data moves if the image cannot be run."""
        try:
            self.context.runtime.check(image, kind)
        except ImageError as error:
            raise JobFailedError(f"ClientError: {error}") from error

    def container_credentials(self, *, isolated: bool) -> dict[str, str]:
        """What the container may use: nothing when it is isolated from the network."""
        return {} if isolated else self.role.environment()

    def discard(self) -> None:
        """Remove the directory: what counts is in S3 by now."""
        shutil.rmtree(self.root.parents[1], ignore_errors=True)


def killed_by(code: int) -> str:
    """`killed by SIGKILL` for exit code 137; "" for a code that the program chose."""
    try:
        return f"killed by {signal.Signals(code - 128).name}" if code > 128 else ""  # noqa: PLR2004
    except ValueError:
        return ""
