"""Where one local cloud lives: its port, its folder and what ministack must be told before it is imported."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ACCOUNT = "000000000000"
REGION = "us-east-1"
DEFAULT_PORT = 4566
DEFAULT_TIME_SCALE = 60.0
STACK_NAME = "dropforge"


class SettingsError(ValueError):
    """A setting in the environment cannot be used; the message names it and what it must be."""


def default_home() -> Path:
    """Return the folder that holds the state of every port: DROPFORGE_HOME, or .dropforge beside the code."""
    return Path(os.environ.get("DROPFORGE_HOME") or REPOSITORY / ".dropforge").resolve()


def _number(name: str, default: float) -> float:
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = 0.0
    if value <= 0:
        raise SettingsError(f"{name}={text!r}: must be a number above 0, for instance {default:g}")
    return value


@dataclass(frozen=True)
class Settings:
    """One local cloud. `home` is the root folder (DROPFORGE_HOME); the state of a port is `home`/<port>."""

    home: Path
    port: int
    time_scale: float = DEFAULT_TIME_SCALE
    region: str = REGION
    account: str = ACCOUNT

    @classmethod
    def from_environment(cls) -> Settings:
        """Read DROPFORGE_HOME, PORT and DROPFORGE_TIME_SCALE. Raises SettingsError."""
        port = int(_number("PORT", DEFAULT_PORT))
        return cls(default_home(), port, _number("DROPFORGE_TIME_SCALE", DEFAULT_TIME_SCALE))

    @property
    def state(self) -> Path:
        """The folder of this port: everything that `make reset` deletes."""
        return self.home / str(self.port)

    @property
    def data(self) -> Path:
        """What must survive: the database, the object bodies, SageMaker's own files."""
        return self.state / "data"

    @property
    def temporary(self) -> Path:
        """Scratch space of the host and its workers, deleted at every start and stop."""
        return self.state / "tmp"

    @property
    def pid_file(self) -> Path:
        """Process id and start time of the running host, as JSON."""
        return self.state / "host.pid"

    @property
    def ready_file(self) -> Path:
        """There while the running host answers."""
        return self.state / "ready"

    @property
    def log_file(self) -> Path:
        """What the host writes, appended to over restarts."""
        return self.state / "host.log"

    @property
    def endpoint_url(self) -> str:
        """The address that AWS tools use. An IP address, so that S3 clients choose path-style URLs."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def runtime_port_file(self) -> Path:
        """The port of sagemaker-runtime, kept so that it stays the same over restarts."""
        return self.state / "runtime-port"

    @property
    def runtime_url(self) -> str:
        """The address of sagemaker-runtime, which has a port of its own; PORT + 1, if that was free at first."""
        try:
            port = int(self.runtime_port_file.read_text())
        except (FileNotFoundError, ValueError):
            port = self.port + 1
        return f"http://127.0.0.1:{port}"

    @property
    def client_environment(self) -> dict[str, str]:
        """The variables that point an AWS tool at this cloud, as its root user."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": self.runtime_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def apply_to_environment(self) -> None:
        """Set what ministack reads at import. Call it before the first import of ministack."""
        os.environ.update(
            {
                **self.client_environment,
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(self.port),
                "AUTH": "true",
                "SFTP_ENABLED": "0",
                "IOT_MTLS_ENABLED": "0",
                "LAMBDA_EXECUTOR": "local",
                "PERSIST_STATE": "0",  # ours replaces it: glue/persistence
                "S3_PERSIST": "0",
                "MINISTACK_ACCOUNT_ID": self.account,
                "MINISTACK_REGION": self.region,
                "STATE_DIR": str(self.temporary / "ministack"),
                "S3_DATA_DIR": str(self.temporary / "s3"),
                "TMPDIR": str(self.temporary),
                "DROPFORGE_HOME": str(self.home),
                "DROPFORGE_TIME_SCALE": f"{self.time_scale:g}",
            }
        )
        for stale in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "SERVICES", "LOCALSTACK_PERSISTENCE", "USE_SSL"):
            os.environ.pop(stale, None)
