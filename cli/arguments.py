"""The command line: which commands there are, and what each takes."""

from __future__ import annotations

import argparse

from cli.project import add_project_parser
from cli.stack import STACK_NAME
from localcloud.settings import DEFAULT_PORT


def parser() -> argparse.ArgumentParser:
    """The parser of `dropforge`."""
    made = argparse.ArgumentParser(prog="dropforge", description="Drop data into S3, approve models, receive notices.")
    commands = made.add_subparsers(dest="command", required=True)
    for name, text in (
        ("up", "start the local cloud with the stack deployed, in the background"),
        ("down", "stop it; its state is kept"),
        ("reset", "stop it and forget all its state"),
    ):
        commands.add_parser(name, help=text).add_argument(
            "--port", type=int, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}"
        )
    commands.add_parser("demo", help="play the whole loop once, on a cloud of its own")
    _add_listings(commands)
    _add_why(commands)
    _add_replay(commands)
    add_project_parser(commands)
    logs = commands.add_parser("logs", help="print what a run's jobs, one job, or an endpoint wrote")
    logs.add_argument("name", help="a run, a job's name, or an endpoint's name")
    _stack(logs)
    return made


def _add_listings(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    drops = commands.add_parser("drops", help="list a project's drops, newest first, and what became of each")
    drops.add_argument("project", help="whose")
    drops.add_argument("--channel", help="only of this channel, such as train")
    runs = commands.add_parser("runs", help="list runs, newest first")
    runs.add_argument("project", nargs="?", help="only this project's")
    for command in (drops, runs):
        command.add_argument("--limit", type=int, default=20, help="how many at most (default 20)")
        _json(command)
        _stack(command)


def _add_why(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    why = commands.add_parser("why", help="tell what became of a drop, and why: from the event to the endpoint")
    why.add_argument("project", help="whose")
    why.add_argument("what", nargs="?", metavar="VERSION|RUN|DROP", help="default: the newest drop")
    why.add_argument("--facts", action="store_true", help="print what is recorded behind each line")
    _json(why)
    _stack(why)


def _add_replay(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    replay = commands.add_parser(
        "replay",
        help="run recorded events and decisions through today's code, and show what would differ",
        description="Exit status: 0 nothing differs, 3 something does, 1 it could not be done.",
    )
    replay.add_argument("project", help="whose")
    replay.add_argument("drop", nargs="?", metavar="DROP", help="default: all of the project's (see --since)")
    replay.add_argument("--dry-run", action="store_true", help="only look (there is no other way to replay)")
    replay.add_argument(
        "--project-file", metavar="FILE", help="decide by this project.yaml instead of the recorded one"
    )
    replay.add_argument("--since", metavar="DATE", help="only drops opened since, such as 2026-11-23 or …T10:00")
    replay.add_argument("--limit", type=int, default=50, help="how many drops at most, the newest (default 50)")
    replay.add_argument(
        "--facts", action="store_true", help="print every field that differs, and decisions that do not"
    )
    _json(replay)
    _stack(replay)


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON, for programs")


def _stack(command: argparse.ArgumentParser) -> None:
    command.add_argument("--stack", default=STACK_NAME, help=f"the CloudFormation stack (default {STACK_NAME})")
