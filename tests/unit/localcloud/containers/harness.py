"""Real processes in small: a container's root, a launcher that keeps the log, an S3 for one archive, a wheel."""

from __future__ import annotations

import io
import json
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from localcloud.containers.launch import Container, Kind, Launch, start

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
CHANNEL = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
DEADLINE = 60


@dataclass
class Job:
    """A container's root directory, and the log of the last process in it."""

    root: Path
    log: list[str] = field(default_factory=list)

    def configure(self, hyperparameters: dict[str, str], channels: dict[str, str] | None = None) -> None:
        """Write input/config as SageMaker does; channels: name → ContentType ("" for none)."""
        config = self.root / "input/config"
        config.mkdir(parents=True, exist_ok=True)
        described = {n: CHANNEL | ({"ContentType": t} if t else {}) for n, t in (channels or {}).items()}
        hosts = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}
        for name, content in (
            ("hyperparameters", hyperparameters),
            ("inputdataconfig", described),
            ("resourceconfig", hosts),
        ):
            (config / f"{name}.json").write_text(json.dumps(content))

    def write(self, path: str, text: str | bytes) -> Path:
        """Write a file below the root."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    def read(self, path: str) -> str:
        """Return a file below the root."""
        return (self.root / path).read_text()

    def start(
        self,
        kind: Kind,
        *entrypoint: str,
        image: str = XGBOOST,
        environment: dict[str, str] | None = None,
        isolated: bool = False,
        port: int | None = None,
        credentials: dict[str, str] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Container:
        """Start a process in this root."""
        self.log.clear()
        launch = Launch(
            image=image,
            kind=kind,
            root=self.root,
            environment=environment or {},
            entrypoint=list(entrypoint),
            network_isolation=isolated,
            port=port,
            on_line=on_line or self.log.append,
            credentials=credentials or {},
        )
        return start(launch)

    def run(self, kind: Kind, *entrypoint: str, **options: object) -> int:
        """Run a process to its end; return the exit code."""
        container = self.start(kind, *entrypoint, **options)  # type: ignore[arg-type]
        code = container.wait(DEADLINE)
        assert code is not None, f"still running after {DEADLINE} s: {self.log}"
        return code


@dataclass
class Answer:
    """An HTTP answer of a model server."""

    status: int
    body: str
    content_type: str


@dataclass
class Endpoint:
    """A running model server."""

    port: int
    container: Container

    def invoke(self, body: bytes, content_type: str = "text/csv", accept: str = "*/*") -> Answer:
        """Call POST /invocations."""
        headers = {"content-type": content_type, "accept": accept}
        return self.send(urllib.request.Request(f"{self.url}/invocations", body, headers))

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"

    def send(self, request: urllib.request.Request | str) -> Answer:
        """Send a request and return the answer, whatever its status."""
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as response:
                return Answer(response.status, response.read().decode(), response.headers.get("content-type", ""))
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read().decode(), error.headers.get("content-type", ""))


def archive(files: dict[str, str]) -> bytes:
    """Return a tar.gz of the files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as content:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            content.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def table(rows: int = 120, seed: int = 0) -> np.ndarray:
    """Return rows of a label (0 or 1) and three features that decide it."""
    features = np.random.default_rng(seed).normal(size=(rows, 3))
    label = (features[:, 0] + features[:, 1] > 0).astype(float)
    return np.column_stack([label, features])


def as_csv(rows: np.ndarray) -> str:
    """Return a table as CSV without header."""
    return "".join(",".join(f"{value:g}" for value in row) + "\n" for row in rows)
