"""The program `train` of AWS's framework images: `python -m localcloud.containers.guest.train <framework>`.

Without a script, XGBoost trains in algorithm mode. With one (`sagemaker_program`), the real `sagemaker-training`
toolkit runs it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from localcloud.containers.guest import overlay, places


def main() -> None:
    """Train as the image of the framework in argv[1] does; exit 0, or non-zero with a failure file."""
    framework = sys.argv[1]
    program = places.plain(places.config("hyperparameters.json").get("sagemaker_program"))
    if program or os.environ.get("SAGEMAKER_PROGRAM"):
        run_script()
    elif framework == "xgboost":
        from localcloud.containers.guest.xgboost import train

        sys.exit(train.main())
    else:
        message = (
            "ClientError: no training script: set the hyperparameters sagemaker_program (its name) and "
            "sagemaker_submit_directory (a tar.gz in S3)"
        )
        places.write_failure(message)
        sys.exit(message)


def run_script() -> None:
    """Hand over to the training toolkit, with the script's requirements installed into a layer of their own."""
    from sagemaker_training import modules, trainer

    install = modules.install_requirements

    def install_into_overlay(path: str, capture_error: bool = False) -> None:
        overlay.use(Path(path, "requirements.txt"))
        install(path, capture_error)

    modules.install_requirements = install_into_overlay
    trainer.train()


if __name__ == "__main__":
    main()
