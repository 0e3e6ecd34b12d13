"""A ministack with the glue under test, in a process of its own: `python -m tests.local.glue.server HOME PORT SCALE`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from localcloud.settings import Settings


def main() -> None:
    home, port, scale = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    settings = Settings(home, port, scale)
    settings.data.mkdir(parents=True, exist_ok=True)
    settings.temporary.mkdir(parents=True, exist_ok=True)
    settings.apply_to_environment()
    logging.basicConfig(level=logging.INFO)

    import uvicorn

    from localcloud.glue import callers, cloudformation, cloudwatch, eventbridge, lambdas, pipes, sns, sqs

    for part in (callers, cloudformation, lambdas, eventbridge, pipes, cloudwatch, sqs, sns):
        part.install(settings)
    from ministack.app import app

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", lifespan="on")


if __name__ == "__main__":
    main()
