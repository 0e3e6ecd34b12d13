"""The only way in which we change ministack: replace a named attribute, and say so if it is not there."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

EXPECTED_VERSION = "1.5.33"


class HookError(RuntimeError):
    """ministack has changed: a name that we hook is gone. The message names the version and the name."""


def check_version() -> None:
    """Refuse any version but the one whose private names we know. Raises HookError."""
    found = version("ministack")
    if found != EXPECTED_VERSION:
        raise HookError(
            f"ministack {found} is installed, the hooks in localcloud/glue fit {EXPECTED_VERSION}: "
            "run `make setup`, or check every hook against the new version (pytest tests/local)"
        )


def module(name: str) -> Any:
    """Import `ministack.<name>`. Raises HookError if there is no such module."""
    try:
        return importlib.import_module(f"ministack.{name}")
    except ImportError as error:
        raise HookError(f"ministack {EXPECTED_VERSION}: no module ministack.{name} ({error})") from error


def target(module_name: str, name: str) -> Any:
    """Return the attribute `name` of `ministack.<module_name>`. Raises HookError if it is gone."""
    found = getattr(module(module_name), name, None)
    if found is None:
        raise HookError(f"ministack {EXPECTED_VERSION}: ministack.{module_name}.{name} is gone; see localcloud/glue")
    return found


def replace(module_name: str, name: str, new: Any) -> Any:
    """Put `new` in place of an attribute that must exist, and return what was there. Raises HookError."""
    old = target(module_name, name)
    setattr(module(module_name), name, new)
    return old


def wrap(module_name: str, name: str, make: Callable[[Any], Any]) -> None:
    """Replace an attribute by `make(old)`. Raises HookError if it is gone."""
    replace(module_name, name, make(target(module_name, name)))


def before(module_name: str, name: str, first: Callable[[], object]) -> None:
    """Call `first()` before each call of a function. Raises HookError if it is gone."""
    old = target(module_name, name)

    def both(*args: Any, **kwargs: Any) -> Any:
        first()
        return old(*args, **kwargs)

    replace(module_name, name, both)
