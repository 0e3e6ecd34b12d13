"""`make up`, `make down`, `make reset`: the local cloud with the stack, in the background."""

from __future__ import annotations

import argparse
import sys
import time

from localcloud import deploy
from localcloud.cloud import LocalCloud, StartError, running
from localcloud.ports import PortInUseError
from localcloud.settings import REPOSITORY, Settings, SettingsError

AWS = REPOSITORY / ".tools" / "awscli" / "bin" / "aws"
DROPFORGE = REPOSITORY / ".venv" / "bin" / "dropforge"


def up(settings: Settings) -> None:
    """Start the cloud if it is not running, deploy the stack if it has changed, and say how to use it."""
    began = time.monotonic()
    existing = running(settings)
    if existing:
        print(f"Running already on {settings.endpoint_url} (process {existing.pid})", flush=True)
    else:
        print(f"Starting the local cloud on {settings.endpoint_url}", flush=True)
    cloud = LocalCloud.start(settings.home, settings.port, settings.time_scale)
    outputs = deploy.deploy(cloud, say=lambda line: print(line, flush=True))
    print(f"Ready after {time.monotonic() - began:.1f} s\n")
    for name, value in settings.client_environment.items():
        print(f"export {name}={value}")
    print(f"export DATA_BUCKET={outputs.get('DataBucketName', '')}")
    print(f"\naws        {AWS}\ndropforge  {DROPFORGE}\nlog        {settings.log_file}")
    for name in ("DataBucketName", "ArtifactsBucketName", "NoticesTopicArn"):
        print(f"{name}  {outputs.get(name, '(not an output of this stack)')}")


def down(settings: Settings) -> None:
    """Stop the cloud and everything that it started; its state stays."""
    stopped = LocalCloud(settings).stop(say=print)
    print(f"Stopped (state kept in {settings.state})" if stopped else f"Nothing runs on port {settings.port}")


def reset(settings: Settings) -> None:
    """Stop the cloud and forget its state."""
    LocalCloud(settings).reset()
    print(f"Forgotten: {settings.state}")


def status(settings: Settings) -> None:
    """Say whether the cloud runs. Exit status 1 if not."""
    process = running(settings)
    if process is None:
        print(f"Nothing runs on port {settings.port}")
        sys.exit(1)
    outputs = deploy.outputs(LocalCloud(settings))
    print(f"Running on {settings.endpoint_url} (process {process.pid}), stack "
          f"{'deployed' if outputs is not None else 'not deployed'}")  # fmt: skip


def main() -> None:
    """Do one command; PORT, DROPFORGE_HOME and DROPFORGE_TIME_SCALE choose the cloud."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.lifecycle")
    commands = {"up": up, "down": down, "reset": reset, "status": status}
    parser.add_argument("command", choices=commands)
    command = parser.parse_args().command
    try:
        commands[command](Settings.from_environment())
    except (StartError, PortInUseError, SettingsError, deploy.DeployError) as error:
        sys.exit(f"make {command}: {error}")


if __name__ == "__main__":
    main()
