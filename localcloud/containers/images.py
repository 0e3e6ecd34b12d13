"""Which image runs how: AWS's framework images by runners of ours, the user's own by what the user maps."""

from __future__ import annotations

import fnmatch
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from dropforge.images import framework_of

from localcloud.containers.guest.places import plain
from localcloud.containers.guest.xgboost.metrics import METRICS

RUNNERS = ("xgboost", "sklearn")
KINDS = ("train", "process", "serve")
_USAGE = "an image's entry has either `python: <file>`, `command: [<program>, …]` or `like: <image>`"


class UnknownImageError(Exception):
    """No runner for that image; the message names the image and says how to map it."""


class ImageMapError(Exception):
    """The user's image map cannot be used; the message names the file and entry."""


@dataclass(frozen=True)
class Runner:
    """How to run an image: a framework of ours, or the user's own command (with placeholders)."""

    framework: str | None = None
    command: tuple[str, ...] = ()


def home() -> Path:
    """Return the local cloud's state directory: DROPFORGE_HOME, else .dropforge beside the repository."""
    given = os.environ.get("DROPFORGE_HOME")
    return Path(given).resolve() if given else Path(__file__).resolve().parents[2] / ".dropforge"


def map_file() -> Path:
    """Return the path of the user's image map, which need not exist."""
    given = os.environ.get("DROPFORGE_IMAGE_MAP")
    return Path(given) if given else home() / "images.yaml"


def read_map(path: Path) -> dict[str, dict[str, Any]]:
    """Return the user's image map (pattern → entry), empty without a file. Raises ImageMapError."""
    if not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ImageMapError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ImageMapError(f"{path}: must be a mapping of image pattern → entry; {_USAGE}")
    for pattern, entry in content.items():
        if not isinstance(entry, dict) or len(entry) != 1 or not set(entry) <= {"python", "command", "like"}:
            raise ImageMapError(f"{path}: {pattern!r}: {_USAGE}")
    return content


def runner_of(entry: dict[str, Any], where: str) -> Runner:
    """Return the runner that an entry of the map describes; `where` names it in errors."""
    if "like" in entry:
        framework = framework_of(str(entry["like"]))
        if framework not in RUNNERS:
            raise ImageMapError(
                f"{where}: like: {entry['like']!r} is not one of sagemaker-xgboost, sagemaker-scikit-learn"
            )
        return Runner(framework=framework)
    if "python" in entry:
        script = Path(str(entry["python"])).expanduser()
        if not script.is_file():
            raise ImageMapError(f"{where}: python: {script} is not a file")
        return Runner(command=("{python}", str(script.resolve())))
    command = entry["command"]
    if not isinstance(command, list) or not command or not all(isinstance(part, str) for part in command):
        raise ImageMapError(f"{where}: command: must be a list of strings that is not empty")
    return Runner(command=tuple(command))


def resolve(image: str) -> Runner:
    """Return how to run `image`. Raises UnknownImageError, ImageMapError."""
    path = map_file()
    for pattern, entry in read_map(path).items():
        if fnmatch.fnmatchcase(image, pattern):
            return runner_of(entry, f"{path}: {pattern!r}")
    framework = framework_of(image)
    if framework in RUNNERS:
        return Runner(framework=framework)
    raise UnknownImageError(
        f"image {image!r}: the local cloud has no runner for it (it has sagemaker-xgboost and "
        f"sagemaker-scikit-learn, and starts no Docker containers). Say in {path} what plays it: "
        f"'\"{image}\": {{like: sagemaker-scikit-learn}}' or {{python: <file>}} or "
        f"{{command: [<program>, …]}} (docs/containers.md)"
    )


def check(image: str, kind: str) -> None:
    """Raise UnknownImageError unless `image` can be run as `kind` (train, process or serve)."""
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r}: must be one of {', '.join(KINDS)}")
    resolve(image)


def metric_definitions(image: str, hyperparameters: dict[str, str]) -> list[dict[str, str]] | None:
    """Return a built-in algorithm's own metric definitions ([{Name, Regex}]), else None.

    None: the image is no built-in algorithm, or the job runs the user's script. The names are AWS's
    (`train:rmse`, `validation:auc`, …); the expressions read what the container prints, with a tab, as well
    as CloudWatch's rendering of it, `#011`.
    """
    try:
        framework = resolve(image).framework
    except UnknownImageError:
        return None
    if framework != "xgboost" or plain(hyperparameters.get("sagemaker_program")):
        return None
    asked = [m for m in hyperparameters.get("eval_metric", "").split(",") if "@" in m]
    names = [*METRICS, *(metric.strip() for metric in asked)]
    return [
        {"Name": f"{channel}:{name}", "Regex": rf".*\[[0-9]+\].*(?:#011|\t){channel}-{name}:([^\s#]+)"}
        for channel in ("train", "validation")
        for name in names
    ]
