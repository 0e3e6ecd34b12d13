"""Fixtures for tests that run real container processes."""

from __future__ import annotations

import socket
import threading
import time
import urllib.error
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from localcloud.containers import isolation
from localcloud.containers.launch import Container
from tests.unit.localcloud.containers.harness import DEADLINE, Endpoint, Job


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Return an empty container root, with a state directory of its own."""
    monkeypatch.setenv("DROPFORGE_HOME", str(tmp_path / "home"))
    root = tmp_path / "ml"
    for name in ("model", "output", "input/data"):
        (root / name).mkdir(parents=True)
    return Job(root)


@pytest.fixture(params=["namespaces", "relocation"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run a test both with /opt/ml mounted and with its paths rewritten."""
    if request.param == "relocation":
        monkeypatch.setattr(isolation, "best", lambda: isolation.NONE)
        monkeypatch.setattr(isolation, "can_cut_network", lambda: False)
    elif not isolation.best().mount:
        pytest.skip("this kernel allows no private mount namespace")
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def serve(job: Job) -> Iterator[Callable[..., Endpoint]]:
    """Return a function that starts a model server and waits until it answers /ping."""
    started: list[Container] = []

    def begin(**options: object) -> Endpoint:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        container = job.start("serve", port=port, **options)  # type: ignore[arg-type]
        started.append(container)
        endpoint = Endpoint(port, container)
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            assert container.wait(0.01) is None, f"the server ended: {job.log}"
            try:
                assert endpoint.send(f"{endpoint.url}/ping").status == 200
            except (urllib.error.URLError, ConnectionError):
                continue
            return endpoint
        raise AssertionError(f"no answer to /ping: {job.log}")

    yield begin
    for container in started:
        container.stop(5)


@pytest.fixture
def s3() -> Iterator[tuple[dict[str, bytes], dict[str, str]]]:
    """Yield the objects of an S3 ("/bucket/key" → bytes) that answers GET and HEAD, and credentials for it."""
    objects: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = objects.get(self.path.split("?")[0])
            self.send_response(404 if body is None else 200)
            self.send_header("content-length", str(len(body or b"")))
            self.send_header("etag", '"1"')
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body or b"")

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    credentials = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    yield objects, credentials
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a wheel of `tinything` 1.0; pip finds packages there and nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tinything-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tinything.py", "VALUE = 42\n")
        meta = "tinything-1.0.dist-info"
        wheel.writestr(f"{meta}/METADATA", "Metadata-Version: 2.1\nName: tinything\nVersion: 1.0\n")
        wheel.writestr(f"{meta}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{meta}/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return folder
