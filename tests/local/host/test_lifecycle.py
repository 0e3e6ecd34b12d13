"""Up, down and reset: one host per port, found again, stopped without remains."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from localcloud.cloud import LocalCloud, StartError, running
from localcloud.ports import PortInUseError, check_free, describe_holder, free_port, is_free
from localcloud.settings import REPOSITORY, Settings, SettingsError


def lifecycle(command: str, settings: Settings) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PORT": str(settings.port), "DROPFORGE_HOME": str(settings.home)}
    arguments = [sys.executable, "-m", "localcloud.lifecycle", command]
    return subprocess.run(arguments, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)


def test_a_port_in_use_is_named_with_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(
            PortInUseError, match=rf"port {port} is in use by process {os.getpid()} \(.*python.*make up PORT="
        ):
            check_free(port)
    assert is_free(port)


def test_a_holder_that_cannot_be_seen_is_said_so() -> None:
    assert "another user" in describe_holder(free_port())


def test_start_refuses_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(PortInUseError):
        LocalCloud.start(tmp_path, server.getsockname()[1])


def test_a_host_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    port = free_port()
    data = tmp_path / str(port) / "data"
    data.mkdir(parents=True)
    (data / "state.sqlite").write_text("this is no database, " * 100)
    with pytest.raises(StartError, match="not a database"):
        LocalCloud.start(tmp_path, port)


def test_one_host_is_found_stopped_and_forgotten(own_cloud: LocalCloud) -> None:
    settings = own_cloud.settings
    assert LocalCloud.start(settings.home, settings.port).child is None  # found, not started
    status = lifecycle("status", settings)
    assert (status.returncode, "not deployed" in status.stdout) == (0, True)
    process = running(settings)
    assert process is not None
    listening = [c.laddr for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    family = [process, *process.children(recursive=True)]
    own_cloud.client("s3").create_bucket(Bucket="kept")
    assert lifecycle("down", settings).returncode == 0
    _, alive = psutil.wait_procs(family, 5)
    assert alive == []
    assert not settings.pid_file.exists()
    assert not settings.temporary.exists()
    assert is_free(settings.port)
    assert "Nothing runs" in lifecycle("down", settings).stdout
    assert lifecycle("status", settings).returncode == 1
    assert lifecycle("reset", settings).returncode == 0
    assert not settings.state.exists()


def test_what_a_killed_host_left_does_not_disturb(own_cloud: LocalCloud) -> None:
    own_cloud.kill()
    assert own_cloud.settings.pid_file.exists()
    assert running(own_cloud.settings) is None
    again = own_cloud.restart()
    assert running(again.settings) is not None


@pytest.mark.parametrize("value", ["x", "0", "-1"])
def test_a_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DROPFORGE_TIME_SCALE", value)
    with pytest.raises(SettingsError, match=f"DROPFORGE_TIME_SCALE='{value}'"):
        Settings.from_environment()
