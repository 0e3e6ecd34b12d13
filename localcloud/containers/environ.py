"""The environment variables of a container process."""

from __future__ import annotations

import os
import re
from pathlib import Path

BASE = "/opt/ml"
# What a process may know of the host: language, network access and where pip finds packages. Above all not
# the user's AWS credentials (HOME is another one too, so ~/.aws is out of reach).
INHERITED = re.compile(
    r"^(LANG|LC_\w+|TZ|(https?|no|all)_proxy|(HTTPS?|NO|ALL)_PROXY|SSL_CERT_(FILE|DIR)|\w+_CA_BUNDLE"
    r"|PIP_\w+|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH)$"
)
NOT_INHERITED = {"PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "AWS_CA_BUNDLE"}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
# ENV of AWS's framework images (their Dockerfiles, docker/*/final/Dockerfile.cpu).
IMAGE = {
    "PYTHONUNBUFFERED": "TRUE",
    "PYTHONIOENCODING": "UTF-8",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "SM_INPUT": f"{BASE}/input",
    "SM_INPUT_TRAINING_CONFIG_FILE": f"{BASE}/input/config/hyperparameters.json",
    "SM_INPUT_DATA_CONFIG_FILE": f"{BASE}/input/config/inputdataconfig.json",
    "SM_CHECKPOINT_CONFIG_FILE": f"{BASE}/input/config/checkpointconfig.json",
    "SM_MODEL_DIR": f"{BASE}/model",
}
_BASE_PATH = re.compile(r"(?<![\w.])/opt/ml(?![\w.-])")


def relocate(text: str, root: Path) -> str:
    """Return `text` with every path under /opt/ml turned into one under `root`."""
    return _BASE_PATH.sub(lambda _: str(root), text)


def inherited() -> dict[str, str]:
    """Return the host's variables that a container process gets."""
    kept = {k: v for k, v in os.environ.items() if INHERITED.match(k) and k not in NOT_INHERITED}
    user_config = [Path.home() / ".config/pip/pip.conf", Path.home() / ".pip/pip.conf"]
    found = next((str(path) for path in user_config if path.is_file()), None)
    if found and "PIP_CONFIG_FILE" not in kept:  # the process has another HOME
        kept["PIP_CONFIG_FILE"] = found
    return kept


def threads(kind: str) -> dict[str, str]:
    """Return the numbers of threads for numerical libraries: the host's processors for jobs, 1 for servers.

    A server's figure is that of AWS's images (sagemaker_xgboost_container.serving).
    """
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    return dict.fromkeys(THREADS, "1" if kind == "serve" else str(processors))


def compose(
    kind: str, own: dict[str, str], credentials: dict[str, str], scratch: Path, path: list[Path]
) -> dict[str, str]:
    """Return the environment of a process of `kind`, with the true /opt/ml paths.

    own: the request's Environment, which wins over everything but the credentials. path: folders that come
    first in PATH.
    """
    places = {
        "PATH": os.pathsep.join([*map(str, path), os.environ.get("PATH", os.defpath)]),
        "HOME": str(scratch / "home"),
        "TMPDIR": str(scratch / "tmp"),
        "PIP_CACHE_DIR": str(scratch.parent.parent / "pip-cache"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        # There is no instance metadata here; a client without credentials must say so at once.
        "AWS_EC2_METADATA_DISABLED": "true",
        # The training toolkit would wait 15 minutes for the host name algo-1.
        "SM_STUDIO_LOCAL_MODE": "True",
    }
    return {**inherited(), **IMAGE, **places, **threads(kind), **own, **credentials}
