"""Today's deciding code, ready to be called: the handlers under `functions/`, with the deployed functions' settings."""

from __future__ import annotations

import ast
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from dropforge import handler as shell
from dropforge.errors import DropforgeError

from cli.functions import Functions
from cli.history import Step
from cli.service import NotRecordedError

CHECKOUT = Path(__file__).resolve().parents[2]
FUNCTIONS = CHECKOUT / "functions"
SOURCES = (FUNCTIONS, CHECKOUT / "jobs" / "python")
ACTS = "reads or writes, so it is not run again"
WITH_POWERS = {"boto3", "botocore"}

Answer = dict[str, Any]


class CannotReplayError(Exception):
    """Today's code cannot be asked about this decision; the message says why."""


def find_code() -> None:
    """Put the rows of `functions/` where they can be imported.

    Raises:
        NotRecordedError: this command is not installed from a checkout, so today's code is not here.
    """
    if not FUNCTIONS.is_dir():
        raise NotRecordedError(
            f"There is no {FUNCTIONS}: `replay` runs the code of the checkout that the command is installed from. "
            "Clone the repository, run `make setup` in it, and use its .venv/bin/dropforge."
        )
    if str(FUNCTIONS) not in sys.path:
        sys.path.insert(0, str(FUNCTIONS))


class Code:
    """The handlers, each imported once under the environment of its deployed function."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._handlers: dict[str, Callable[[Any, Any], Any]] = {}

    def decide(self, name: str, step: Step, given: Any) -> Answer:
        """What `name` decides today about these facts: `{"output": …}` or `{"error": …, "message": …}`.

        Raises:
            CannotReplayError: it has powers (reads or writes), is gone, or its settings are not known.
        """
        if not is_deciding(name):
            raise CannotReplayError(ACTS)
        if name not in self._handlers:
            self._handlers[name] = self._load(name, str(step.function))
        with _silence():
            try:
                return {"output": self._handlers[name](given, None)}
            except Exception as error:  # whatever it raises is what Step Functions would see
                return {"error": type(error).__name__, "message": str(error)}

    def _load(self, name: str, function: str) -> Callable[[Any, Any], Any]:
        configuration = self._functions.configuration(function)
        variables = (configuration.get("Environment") or {}).get("Variables") or {}
        with _environment(variables):
            sys.modules.pop(name, None)  # its settings are read when it is imported
            try:
                found: Callable[[Any, Any], Any] = importlib.import_module(name).handler
            except (DropforgeError, ImportError, AttributeError) as error:
                said = configuration.get("Error")
                known = f"; its deployed settings cannot be read: {said}" if said else ""
                gone = "; the deployed function is gone, and its settings with it" if not configuration else ""
                raise CannotReplayError(f"{error}{known}{gone}") from error
        return found


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update({name: str(value) for name, value in variables.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _silence() -> Iterator[None]:
    """Without the lines that a handler logs: they are for CloudWatch."""
    before = shell.logger.log_level
    shell.logger.setLevel("CRITICAL")
    try:
        yield
    finally:
        shell.logger.setLevel(before)


@cache
def is_deciding(name: str) -> bool:
    """Whether a function only decides: neither its file nor what it imports of ours imports an AWS client.

    Raises:
        CannotReplayError: the function has no file any more.
    """
    if _file(name) is None:
        raise CannotReplayError(f"today there is no functions/{name.replace('.', '/')}.py")
    return not _has_powers(name, set())


def _has_powers(module: str, seen: set[str]) -> bool:
    path = _file(module)
    if module in seen or path is None:
        return False
    seen.add(module)
    imported = set(_imports(ast.parse(path.read_text(encoding="utf-8")).body))
    if any(name.partition(".")[0] in WITH_POWERS for name in imported):
        return True
    return any(_has_powers(name, seen) for name in imported)


def _file(module: str) -> Path | None:
    places = (root / Path(*module.split(".")).with_suffix(".py") for root in SOURCES)
    return next((path for path in places if path.is_file()), None)


def _imports(body: list[ast.stmt]) -> Iterator[str]:
    """Every module that the statements import, those for the type checker left out."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            for name in ("body", "orelse", "finalbody", "handlers"):
                yield from _imports(getattr(node, name, []))
