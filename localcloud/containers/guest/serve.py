"""The program `serve` of AWS's framework images: `python -m localcloud.containers.guest.serve <framework>`.

With SAGEMAKER_PROGRAM it serves the user's script; without, XGBoost answers in algorithm mode.
"""

from __future__ import annotations

import logging
import os
import sys
import tarfile
import tempfile
from pathlib import Path

from localcloud.containers.guest import overlay, places

DEFAULT_PROGRAM = "inference.py"
log = logging.getLogger("serve")


def main() -> None:
    """Load the model and serve it; exit 1 if it cannot be loaded."""
    level = int(os.environ.get("SAGEMAKER_CONTAINER_LOG_LEVEL") or logging.INFO)
    logging.basicConfig(format="%(asctime)s %(levelname)s - %(name)s - %(message)s", level=level, stream=sys.stdout)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    framework = sys.argv[1]
    folder = code_folder()
    program = os.environ.get("SAGEMAKER_PROGRAM")
    if not program and (folder / DEFAULT_PROGRAM).is_file():
        program = DEFAULT_PROGRAM
    try:
        serve(framework, program, folder)
    except Exception:
        log.exception("the model cannot be served")
        sys.exit(1)


def serve(framework: str, program: str | None, folder: Path) -> None:
    """Serve `program` in `folder`, or XGBoost's own scoring without one, until SIGTERM."""
    requirements = folder / "requirements.txt"
    if program and requirements.is_file() and not overlay.use(requirements):
        overlay.install_here(requirements)
    from localcloud.containers.guest.serving import server, user_script

    if program or framework != "xgboost":
        defaults = user_script.XGBOOST if framework == "xgboost" else user_script.SKLEARN
        module = user_script.load(program or DEFAULT_PROGRAM, folder)
        application = server.Application(user_script.Script(module, defaults))
    else:
        from localcloud.containers.guest.xgboost import serve

        application = server.Application(serve.Scorer(), serve.EXECUTION_PARAMETERS, quick=True)
    server.run(application)


def code_folder() -> Path:
    """Return the folder of the user's code, fetched if need be (SAGEMAKER_SUBMIT_DIRECTORY)."""
    source = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY")
    if not source:
        return places.base() / "model/code"
    if source.startswith("s3://"):
        return fetched(source)
    path = Path(source)
    return extracted(path) if path.is_file() else path


def fetched(uri: str) -> Path:
    """Download a tar.gz from S3 and extract it."""
    import boto3

    bucket, _, key = uri.removeprefix("s3://").partition("/")
    region = os.environ.get("AWS_REGION") or os.environ.get("SAGEMAKER_REGION")
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "sourcedir.tar.gz")
        boto3.client("s3", region_name=region).download_file(bucket, key, str(archive))
        return extracted(archive)


def extracted(archive: Path) -> Path:
    """Extract an archive of code into /opt/ml/code."""
    target = places.base() / "code"
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as content:
        content.extractall(target, filter="data")
    return target


if __name__ == "__main__":
    main()
