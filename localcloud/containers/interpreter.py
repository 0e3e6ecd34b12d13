"""A Python environment for each container process: the host's packages, read only, below a layer of its own.

It is a virtual environment written by hand (a few files, two milliseconds). Whatever a script installs, with
`pip install` or through the training toolkit, lands in that layer and goes with it; the host's environment
never changes. The standard library only: the processes use this module as well.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

SETTINGS = "guest.json"
_LIB = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def host_packages() -> list[str]:
    """Return the folders in which this interpreter's packages are, and pip if they have none."""
    paths = sysconfig.get_paths()
    folders = list(dict.fromkeys([paths["purelib"], paths["platlib"]]))
    if any(Path(folder, "pip").is_dir() for folder in folders):
        return folders
    import ensurepip

    return folders + [str(wheel) for wheel in Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl")]


def site_packages(prefix: Path) -> Path:
    """Return the folder for packages of the environment at `prefix`."""
    return prefix / _LIB


def scripts(prefix: Path) -> Path:
    """Return the folder for programs of the environment at `prefix`."""
    return prefix / "bin"


def build(prefix: Path, below: Sequence[str]) -> None:
    """Make a virtual environment at `prefix` that also sees the packages in the folders `below`."""
    real = Path(os.path.realpath(sys.executable))
    site_packages(prefix).mkdir(parents=True)
    scripts(prefix).mkdir()
    config = f"home = {real.parent}\ninclude-system-site-packages = false\n"
    (prefix / "pyvenv.cfg").write_text(config, encoding="utf-8")
    for name in ("python", "python3", f"python{sys.version_info[0]}.{sys.version_info[1]}"):
        (scripts(prefix) / name).symlink_to(real)
    for name in ("pip", "pip3"):
        add_program(prefix, name, ["-m", "pip"])
    see(prefix, below)


def see(prefix: Path, below: Sequence[str]) -> None:
    """Let the environment at `prefix` see the packages in the folders `below`; the first found wins."""
    (site_packages(prefix) / "below.pth").write_text("".join(f"{f}\n" for f in below), encoding="utf-8")


def add_program(prefix: Path, name: str, arguments: Sequence[str]) -> None:
    """Add a program to the environment's `bin` that runs its Python with `arguments` and then its own."""
    python = scripts(prefix) / "python"
    command = " ".join(shlex.quote(part) for part in [str(python), *arguments])
    program = scripts(prefix) / name
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    program.chmod(0o755)


class Settings(TypedDict):
    """What the processes of an environment need to know of the host."""

    below: list[str]
    """folders with the host's packages"""
    overlays: str
    """folder for the cached layers of requirements.txt files"""
    isolated: bool
    """the process has no network: nothing can be installed"""


def write_settings(prefix: Path, settings: Settings) -> None:
    """Leave the settings in the environment at `prefix`."""
    (prefix / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")


def read_settings() -> Settings:
    """Return what the host wrote for this process."""
    content: Settings = json.loads(Path(sys.prefix, SETTINGS).read_text(encoding="utf-8"))
    return content
