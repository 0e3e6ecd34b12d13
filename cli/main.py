"""The `dropforge` command."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from cli import arguments as command_line
from cli.drops import print_drops
from cli.logs import LogsNotFoundError, print_logs
from cli.project import run_project
from cli.replay.errors import ProjectFileInvalidError, ReplayRefusedError
from cli.runs import print_runs
from cli.service import NotRecordedError, look_at
from cli.stack import Stack, StackNotFoundError, find_stack
from cli.text import as_json
from cli.timeline import StoryError
from localcloud import lifecycle
from localcloud.cloud import StartError
from localcloud.deploy import DeployError
from localcloud.ports import PortInUseError
from localcloud.settings import Settings, SettingsError

REFUSALS = (
    StackNotFoundError,
    LogsNotFoundError,
    NotRecordedError,
    ProjectFileInvalidError,
    ReplayRefusedError,
    StoryError,
    StartError,
    PortInUseError,
    SettingsError,
    DeployError,
)
ACTS = (
    "replay only looks: add --dry-run. Doing it all again is not offered: names and claims hold every effect to once. "
    "To train the same data again, drop it with a manifest that says `force: true` (docs/cli.md)."
)
NARROWEST = 120  # of what goes into a file or a pipe, where nobody has said how wide a line is


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 done, 1 it could not be done (the reason is on standard error), 2 wrong usage, 3 a replay
        found something that would differ.
    """
    arguments = command_line.parser().parse_args(argv)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, NARROWEST)
    try:
        return _run(arguments, console)
    except REFUSALS as error:
        print(f"dropforge: {error}", file=sys.stderr)
        return 1
    except (ClientError, BotoCoreError) as error:
        print(f"dropforge: AWS answered: {error}", file=sys.stderr)
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
        return 0
    if arguments.command == "project":
        return run_project(arguments, console)
    return _look(arguments, console)


def _look(arguments: argparse.Namespace, console: Console) -> int:
    """The commands that ask a deployed stack."""
    if arguments.command == "replay" and not arguments.dry_run:
        raise ReplayRefusedError(ACTS)
    stack = find_stack(arguments.stack)
    if arguments.command == "runs":
        print_runs(stack, arguments.project, arguments.limit, console, json=arguments.json)
    elif arguments.command == "logs":
        print_logs(stack, arguments.name, console)
    elif arguments.command == "drops":
        chosen = {"limit": arguments.limit, "channel": arguments.channel, "json": arguments.json}
        print_drops(look_at(stack), arguments.project, console, **chosen)
    elif arguments.command == "why":
        _why(arguments, stack, console)
    elif arguments.command == "replay":
        return _replay(arguments, stack, console)
    return 0


def _why(arguments: argparse.Namespace, stack: Stack, console: Console) -> None:
    from cli import why

    service = look_at(stack)
    story = why.tell(service, why.find(service, arguments.project, arguments.what))
    if arguments.json:
        console.print(as_json(story.as_dict()), markup=False, soft_wrap=True)
    else:
        why.print_story(story, console, facts=arguments.facts)


def _replay(arguments: argparse.Namespace, stack: Stack, console: Console) -> int:
    from cli import replay

    replay.find_code()
    by, since = arguments.project_file, replay.read_date(arguments.since)
    service = look_at(stack)
    given = replay.read_project_file(service, Path(by), arguments.project) if by else None
    chosen = {"drop": arguments.drop, "since": since, "limit": arguments.limit, "given": given, "by": by}
    found = replay.replay(service, arguments.project, **chosen)
    if arguments.json:
        console.print(as_json(found.as_dict()), markup=False, soft_wrap=True)
    else:
        replay.print_replay(found, console, facts=arguments.facts)
    return replay.DIFFERS if found.differs else 0


if __name__ == "__main__":
    raise SystemExit(main())
