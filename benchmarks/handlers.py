"""`make bench`: how fast every handler starts and answers, as ratios against an empty one and one with a boto3 client.

Each handler runs through the real runtime client (`awslambdaric`) against a fake Runtime API. Goal (issue "The loop
turns"): a deciding handler's init is at most 4.5 × the empty one's and 0.7 × the boto3 one's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.runtime_api import Client, RuntimeApi
from benchmarks.template import LambdaFunction, functions

ROOT = Path(__file__).resolve().parent.parent
LAYERS = [ROOT / "layers/core/python", ROOT / "jobs/python"]
EMPTY = "def handler(event, context):\n    return {}\n"
BOTO3 = "import boto3\n\nclient = boto3.client('dynamodb')\n\n\ndef handler(event, context):\n    return {}\n"
EMPTY_GOAL, BOTO3_GOAL = 4.5, 0.7


def measure(
    root: Path, handler: str, environment: dict[str, str], event: dict[str, object] | None, rounds: int
) -> tuple[float, float | None]:
    """(median init, median warm invocation) in milliseconds; no warm figure without a sample event."""
    inits, warm = [], []
    for _ in range(rounds):
        api = RuntimeApi()
        client = Client(api, root, handler, environment, LAYERS)
        inits.append(client.init_ms)
        if event is not None:
            client.invoke_ms(event)
            warm += [client.invoke_ms(event) for _ in range(10)]
        client.close()
        api.close()
    return statistics.median(inits), statistics.median(warm) if warm else None


def sample(function: LambdaFunction) -> dict[str, object] | None:
    """The event that the function gets in the loop, recorded from a run on the local cloud."""
    path = ROOT / "benchmarks" / "events" / f"{function.handler.removesuffix('.handler')}.json"
    return dict(json.loads(path.read_text())) if path.exists() else None


def main() -> int:
    """Print the table; exit status 1 when a deciding handler misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="cold starts of each handler (default 11)")
    rounds = parser.parse_args().rounds
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "empty.py").write_text(EMPTY)
        (Path(folder) / "with_boto3.py").write_text(BOTO3)
        empty, empty_warm = measure(Path(folder), "empty.handler", {}, {}, rounds)
        boto3, boto3_warm = measure(Path(folder), "with_boto3.handler", {}, {}, rounds)
    table = Table("handler", "init ms", "× empty", "× boto3", "warm ms", "goal", box=None)
    table.add_row("(empty)", f"{empty:.0f}", "1.0", f"{empty / boto3:.2f}", f"{empty_warm:.1f}", "")
    table.add_row("(one boto3 client)", f"{boto3:.0f}", f"{boto3 / empty:.1f}", "1.00", f"{boto3_warm:.1f}", "")
    missed = 0
    for function in functions():
        init, warm = measure(ROOT / "functions", function.handler, function.environment, sample(function), rounds)
        met = init <= EMPTY_GOAL * empty and init <= BOTO3_GOAL * boto3
        missed += function.deciding and not met
        goal = ("met" if met else "MISSED") if function.deciding else "has permissions"
        shown = f"{warm:.1f}" if warm is not None else "no sample"
        table.add_row(function.handler, f"{init:.0f}", f"{init / empty:.1f}", f"{init / boto3:.2f}", shown, goal)
        console.print(f"measured {function.handler}: {init:.0f} ms", style="dim")
    console.print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
