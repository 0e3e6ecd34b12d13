"""The host process: ministack with our hooks and our SageMaker, on 127.0.0.1, until SIGTERM.

`python -m localcloud.host` reads PORT, DROPFORGE_HOME and DROPFORGE_TIME_SCALE. `make up` runs it in the background.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud import ports
from localcloud.cloud import write_pid_file
from localcloud.settings import Settings

if TYPE_CHECKING:
    from localcloud.glue import Installed

logger = logging.getLogger("host")

_GRACE = 3.0  # seconds that requests under way get when the host stops


def prepare(settings: Settings) -> Installed:
    """Make the folders, set the environment, import ministack, install the hooks, load the state.

    Raises HookError, DatabaseError.
    """
    shutil.rmtree(settings.temporary, ignore_errors=True)
    settings.temporary.mkdir(parents=True)
    settings.data.mkdir(parents=True, exist_ok=True)
    settings.apply_to_environment()
    from localcloud import glue

    return glue.install(settings)


def application(installed: Installed) -> Callable[..., Any]:
    """Return the ASGI application: ministack's, every answer held until the state is on disk."""
    from localcloud.glue import hooks
    from localcloud.glue.persistence.answers import durable

    return durable(hooks.target("app", "app"), installed.durability)


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(settings: Settings, installed: Installed) -> None:
    """Serve until SIGTERM or SIGINT, then stop the jobs and models and write the last state."""
    from hypercorn.asyncio import serve as hypercorn
    from hypercorn.config import Config

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    config = Config()
    config.bind = [f"127.0.0.1:{settings.port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = _GRACE
    config.loglevel = "WARNING"
    config.accesslog = None
    committing = asyncio.create_task(installed.durability.run())
    committing.add_done_callback(lambda task: stop.set())
    # The jobs and models of the last run come back after the port is open: they talk to it.
    opening = asyncio.create_task(_start_when_open(settings, installed))
    try:
        await hypercorn(application(installed), config, shutdown_trigger=stop.wait)
    finally:
        opening.cancel()
        committing.cancel()


async def _start_when_open(settings: Settings, installed: Installed) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", settings.port)
            break
        except OSError:
            await asyncio.sleep(0.01)
    writer.close()
    await asyncio.to_thread(_start_services, installed)
    # Last, when whatever the rules lead to can work: the executions that the last stop interrupted have FAILED.
    from localcloud.glue import stepfunctions

    await asyncio.to_thread(stepfunctions.announce_interrupted)
    settings.ready_file.write_text(str(os.getpid()))
    logger.info("ready on %s", settings.endpoint_url)


def _start_services(installed: Installed) -> None:
    """Let the services take up their work, SageMaker last; then tell of the executions that a crash ended."""
    from localcloud.glue.stepfunctions import announce_interrupted

    installed.outbox.start()
    installed.sagemaker.start()
    installed.scaling.start()
    for arn in announce_interrupted():
        logger.info("%s ran when the host died; it has failed", arn)


def close(settings: Settings, installed: Installed) -> None:
    """Stop what the cloud started (jobs, model servers, workers), write the last state, delete scratch files."""
    installed.outbox.close()
    installed.scaling.close()
    installed.sagemaker.close()
    _stop_workers()
    installed.durability.finish()
    shutil.rmtree(settings.temporary, ignore_errors=True)


def _stop_workers() -> None:
    from localcloud.glue import hooks

    hooks.target("core.lambda_runtime", "reset")()


def _unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # Python 3.11 reports every connection that a stop cuts (python/cpython#110038); that is no error.
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


def main() -> None:
    """Run one host in the foreground."""
    settings = Settings.from_environment()
    try:
        ports.check_free(settings.port)
    except ports.PortInUseError as error:
        sys.exit(str(error))
    settings.state.mkdir(parents=True, exist_ok=True)
    write_pid_file(settings)
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL", "INFO").upper(),
        format="%(asctime)s %(levelname)s [%(name)s] %(message)s",
    )
    _raise_file_limit()
    installed = prepare(settings)
    # Not asyncio.run: at its end it waits for every pooled thread, and one may wait for a function's answer.
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(_unhandled)
    try:
        loop.run_until_complete(serve(settings, installed))
    finally:
        close(settings, installed)
    settings.ready_file.unlink(missing_ok=True)
    settings.pid_file.unlink(missing_ok=True)
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)  # ministack's pollers are threads that nobody can stop; all that matters is on disk


if __name__ == "__main__":
    main()
