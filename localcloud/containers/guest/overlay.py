"""Packages that a script asks for, installed once per requirements.txt and never into the host's environment.

The cached layer lies between the process's own layer and the host's packages (see ../interpreter.py). What can
change without the file's text changing (a local path, another file) is not cached: then `pip` installs into the
process's own layer, as it does in a container.
"""

from __future__ import annotations

import fcntl
import hashlib
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localcloud.containers import interpreter

_COMPLETE = ".complete"
# -r, -c, -e, ./path, ../path, /path, file:, name @ file:
_LOCAL = re.compile(r"^\s*(-[rce]\b|--(requirement|constraint|editable)|\.|/)|file:", re.MULTILINE)


def use(requirements: Path) -> bool:
    """Make what `requirements` asks for importable here and in child processes; say whether that was done.

    False: it cannot be cached, or the installation failed. The caller then runs the image's own
    `pip install -r`, which installs into the process's own layer or reports the failure.
    """
    settings = interpreter.read_settings()
    text = requirements.read_text(encoding="utf-8", errors="replace")
    if settings["isolated"] or _LOCAL.search(text):
        return False
    layer = Path(settings["overlays"]) / digest(text, settings["below"])
    with locked(layer):
        if not (layer / _COMPLETE).is_file():
            install(requirements, layer, settings["below"])
    if not (layer / _COMPLETE).is_file():
        return False
    packages = str(interpreter.site_packages(layer))
    interpreter.see(Path(sys.prefix), [packages, *settings["below"]])
    own = str(interpreter.site_packages(Path(sys.prefix)))
    sys.path.insert(sys.path.index(own) + 1, packages)
    return True


def install_here(requirements: Path) -> None:
    """Install into the process's own layer. Raises CalledProcessError."""
    command = [sys.executable, "-m", "pip", "install", "-r", str(requirements)]
    subprocess.run(command, cwd=requirements.parent, check=True)  # noqa: S603 (the user's requirements)


def digest(text: str, below: list[str]) -> str:
    """Return the name of a layer: the wishes, the interpreter, and the packages that it lies upon."""
    installed = sorted(path.name for folder in below for path in Path(folder).glob("*.dist-info"))
    parts = [text, sys.version, platform.machine(), *installed]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def install(requirements: Path, layer: Path, below: list[str]) -> None:
    """Install into a new layer; leave none behind on failure."""
    shutil.rmtree(layer, ignore_errors=True)
    interpreter.build(layer, below)
    command = [str(interpreter.scripts(layer) / "python"), "-m", "pip", "install", "-r", str(requirements)]
    done = subprocess.run(  # noqa: S603 (the user's requirements)
        command, cwd=requirements.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        shutil.rmtree(layer, ignore_errors=True)
        return
    print(done.stdout.decode("utf-8", "replace"), end="", flush=True)
    (layer / _COMPLETE).touch()


@contextmanager
def locked(layer: Path) -> Iterator[None]:
    """Hold the layer's lock: jobs with the same requirements start together."""
    layer.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{layer}.lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
