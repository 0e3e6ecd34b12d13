"""The `dropforge` command."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from rich.console import Console

from cli.logs import LogsNotFoundError, print_logs
from cli.runs import print_runs
from cli.stack import STACK_NAME, StackNotFoundError, find_stack
from cli.timeline import StoryError
from localcloud import lifecycle
from localcloud.cloud import StartError
from localcloud.deploy import DeployError
from localcloud.ports import PortInUseError
from localcloud.settings import DEFAULT_PORT, Settings, SettingsError

REFUSALS = (StackNotFoundError, LogsNotFoundError, StoryError, StartError, PortInUseError, SettingsError, DeployError)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dropforge", description="Drop data into S3, approve models, receive notices."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("up", "start the local cloud with the stack deployed, in the background"),
        ("down", "stop it; its state is kept"),
        ("reset", "stop it and forget all its state"),
    ):
        commands.add_parser(name, help=text).add_argument(
            "--port", type=int, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}"
        )
    commands.add_parser("demo", help="play the whole loop once, on a cloud of its own")
    runs = commands.add_parser("runs", help="list runs, newest first")
    runs.add_argument("project", nargs="?", help="only this project's")
    runs.add_argument("--limit", type=int, default=20, help="how many at most (default 20)")
    logs = commands.add_parser("logs", help="print what a run's jobs, one job, or an endpoint wrote")
    logs.add_argument("name", help="a run, a job's name, or an endpoint's name")
    for command in (runs, logs):
        command.add_argument("--stack", default=STACK_NAME, help=f"the CloudFormation stack (default {STACK_NAME})")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 done, 1 it could not be done (the reason is on standard error), 2 wrong usage.
    """
    arguments = _parser().parse_args(argv)
    console = Console(highlight=False)
    try:
        return _run(arguments, console)
    except REFUSALS as error:
        print(f"dropforge: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(arguments: argparse.Namespace, console: Console) -> int:
    if arguments.command in {"up", "down", "reset"}:
        settings = replace(Settings.from_environment(), port=arguments.port)
        {"up": lifecycle.up, "down": lifecycle.down, "reset": lifecycle.reset}[arguments.command](settings)
        return 0
    if arguments.command == "demo":
        from cli.demo import run_demo

        run_demo(console)
    elif arguments.command == "runs":
        print_runs(find_stack(arguments.stack), arguments.project, arguments.limit, console)
    elif arguments.command == "logs":
        print_logs(find_stack(arguments.stack), arguments.name, console)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
