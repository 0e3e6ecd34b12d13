"""`make bench-endpoint`: how many predictions a second the local cloud's endpoint gives, beside other servers.

All serve the same XGBoost model and get the same one row of CSV from the same client: ours (an endpoint with two
weighted variants, with and without capture of every call), gunicorn with Flask, and `mlflow models serve`, two
processes each. Goals: 2.5 × gunicorn's and 4 × MLflow's predictions a second, at most 10 % less with capture.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks import served_endpoint, served_model
from localcloud.cloud import LocalCloud

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / ".tools/bench/bin"
PLAIN, CAPTURED, GUNICORN, MLFLOW = "ours", "ours, all captured", "gunicorn + Flask", "mlflow models serve"
CONNECTIONS = (1, 16)
GOALS = {GUNICORN: 2.5, MLFLOW: 4.0}
CAPTURE_GOAL = 0.9
_START_SECONDS = 120.0
Servers = dict[str, tuple[str, list[str]]]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextlib.contextmanager
def server(command: list[str], port: int, body: Path, log: Path, **environment: str) -> Iterator[tuple[str, list[str]]]:
    """A server of another kind, once it has answered; its URL and the headers to send."""
    url = f"http://127.0.0.1:{port}/invocations"
    given = {**os.environ, "PATH": f"{BENCH}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1", **environment}
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(url, body.read_bytes()):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} does not answer:\n{log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield url, ["Content-Type: text/csv"]
    finally:
        process.terminate()
        process.wait()


def _answers(url: str, body: bytes) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.post(url, content=body, headers={"Content-Type": "text/csv"}).status_code == httpx.codes.OK
    return False


@contextlib.contextmanager
def others(folder: Path, body: Path, named: Path) -> Iterator[Servers]:
    """The servers to be compared with."""
    booster, saved = folder / "model.ubj", folder / "mlflow"
    served_model.save(served_model.train(), booster)
    subprocess.run([BENCH / "python", ROOT / "benchmarks/mlflow_model.py", booster, saved], check=True)
    ports = free_port(), free_port()
    bind = ["-w", "2", "-b", f"127.0.0.1:{ports[0]}", "--keep-alive", "60"]
    gunicorn = [str(BENCH / "gunicorn"), *bind, "-k", "gthread", "--threads", "16", "benchmarks.flask_server:app"]
    mlflow = [str(BENCH / "mlflow"), "models", "serve", "-m", str(saved), "-p", str(ports[1]), "-w", "2"]
    mlflow += ["--env-manager", "local"]
    with contextlib.ExitStack() as stack:
        flask = server(gunicorn, ports[0], body, folder / "gunicorn.log", MODEL=str(booster))
        yield {
            GUNICORN: stack.enter_context(flask),
            MLFLOW: stack.enter_context(server(mlflow, ports[1], named, folder / "mlflow.log")),
        }


@contextlib.contextmanager
def ours(folder: Path) -> Iterator[Servers]:
    """A local cloud with both endpoints."""
    cloud = LocalCloud.start(folder / "cloud", free_port())
    try:
        served_endpoint.make_models(cloud, served_model.archive(served_model.train()))
        variants = [served_endpoint.variant("A", "a"), served_endpoint.variant("B", "b")]
        capture = served_endpoint.capture_config()
        yield {
            PLAIN: (served_endpoint.serve(cloud, "plain", variants), served_endpoint.HEADERS),
            CAPTURED: (
                served_endpoint.serve(cloud, "captured", variants, DataCaptureConfig=capture),
                served_endpoint.HEADERS,
            ),
        }
    finally:
        cloud.stop()


def load(url: str, headers: list[str], body: Path, connections: int, seconds: float) -> dict[str, Any]:
    """Ask from a process of its own; what became of it."""
    command = [sys.executable, "-m", "benchmarks.load", url, "--body", str(body)]
    command += ["--connections", str(connections), "--seconds", str(seconds)]
    command += [part for header in headers for part in ("--header", header)]
    found: dict[str, Any] = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    if found["failed"]:
        raise RuntimeError(f"{url}: {found['failed']} of {found['requests']} failed: {found['failures'][:3]}")
    return found


Found = dict[tuple[str, int], list[dict[str, Any]]]


def measure(servers: Servers, bodies: dict[str, Path], rounds: int, seconds: float) -> Found:
    """What each server did in each round, in turn and in alternating order, as the machine is not ours alone."""
    found: Found = {}
    for number in range(rounds + 1):
        for connections in CONNECTIONS:
            for name, (url, headers) in sorted(servers.items(), reverse=number % 2 == 1):
                result = load(url, headers, bodies[name], connections, seconds)
                if number:  # the first round warms up
                    found.setdefault((name, connections), []).append(result)
    return found


def median(rounds: list[dict[str, Any]], key: str) -> float:
    """The median of a figure."""
    return float(statistics.median(each[key] for each in rounds))


def faster(ours: list[dict[str, Any]], other: list[dict[str, Any]]) -> float:
    """How many times the other's predictions a second ours are: the median of the rounds' own ratios."""
    return statistics.median(a["per_second"] / b["per_second"] for a, b in zip(ours, other, strict=True))


def report(found: Found, console: Console) -> int:
    """Print the table; how many goals are missed."""
    table = Table("connections", "server", "per second", "p50 ms", "p99 ms", "ours is", "goal", box=None)
    missed = 0
    for (name, connections), rounds in sorted(found.items(), key=lambda item: item[0][1]):
        ratio, goal = faster(found[PLAIN, connections], rounds), ""
        if name in GOALS or name == CAPTURED:
            met = ratio >= GOALS[name] if name in GOALS else 1 / ratio >= CAPTURE_GOAL
            missed += not met
            goal = "met" if met else "MISSED"
        shown = [f"{median(rounds, 'per_second'):.0f}", *(f"{median(rounds, key):.2f}" for key in ("p50_ms", "p99_ms"))]
        table.add_row(str(connections), name, *shown, f"{ratio:.2f} ×", goal)
    console.print(table)
    return missed


def main() -> int:
    """Measure and print; exit status 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of load, for each server in each round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        row, named = folder / "row.csv", folder / "named.csv"
        row.write_text(",".join(map(str, served_model.row())) + "\n")
        # MLflow wants a header.
        named.write_text(",".join(f"f{number}" for number in range(served_model.COLUMNS)) + "\n" + row.read_text())
        bodies = {PLAIN: row, CAPTURED: row, GUNICORN: row, MLFLOW: named}
        with ours(folder) as mine, others(folder, row, named) as theirs:
            found = measure({**mine, **theirs}, bodies, options.rounds, options.seconds)
    return 1 if report(found, Console(width=110)) else 0


if __name__ == "__main__":
    raise SystemExit(main())
