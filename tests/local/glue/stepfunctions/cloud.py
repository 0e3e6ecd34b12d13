"""A ministack with the Step Functions glue and a SageMaker of four operations per job, for the tests beside this.

`python -m tests.local.glue.stepfunctions.cloud PORT STATE_DIR TIME_SCALE TIMEOUT_FLOOR`; prints `ready`.
A job ends when it is tagged: AddTags(ResourceArn, [{"Key": "finish", "Value": "Completed" | "Failed"}]).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from localcloud.settings import Settings

_ARN = "arn:aws:sagemaker:us-east-1:000000000000"
_KINDS = {
    "TrainingJob": "training-job",
    "ProcessingJob": "processing-job",
    "TransformJob": "transform-job",
    "HyperParameterTuningJob": "hyper-parameter-tuning-job",
    "LabelingJob": "labeling-job",
}


_VERBS = ("Create", "Describe", "Stop", "Update", "AddTags", "ListTags")


class FakeSageMaker:
    """Jobs that run until they are tagged or stopped; no event is sent for names that contain `silent`."""

    def __init__(self, emit: Any) -> None:
        self._emit = emit
        self._lock = threading.Lock()
        self._records: dict[str, dict[str, Any]] = {}

    def handle(self, service: str, method: str, path: str, headers: dict[str, str], body: bytes) -> Any:
        operation = headers["x-amz-target"].rpartition(".")[2]
        data = json.loads(body or b"{}")
        with self._lock:
            status, answer, changed = self._answer(operation, data)
        if changed and "silent" not in changed["arn"]:
            self._emit(
                {
                    "id": "1",
                    "source": "aws.sagemaker",
                    "detail-type": "SageMaker Training Job State Change",
                    "time": "2026-01-01T00:00:00Z",
                    "resources": [changed["arn"]],
                    "detail": {},
                }
            )
        return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()

    def _answer(self, operation: str, data: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, Any] | None]:
        verb = next(v for v in _VERBS if operation.startswith(v))
        if verb in ("AddTags", "ListTags"):
            return self._tags(verb, data)
        kind = operation.removeprefix(verb)
        name = data[f"{kind}Name"]
        arn = f"{_ARN}:{_KINDS.get(kind, kind.lower())}/{name.lower()}"
        if "limit" in name:
            return _refuse("ResourceLimitExceeded", "The account-level service limit")
        if verb in ("Create", "Update"):
            return self._create(kind, arn, data)
        record = self._records.get(arn)
        if record is None or record["description"][f"{kind}Name"] != name:
            return _refuse("ValidationException", "Requested resource not found.")
        if verb == "Stop":
            record["description"][f"{kind}Status"] = "Stopped"
        return 200, {} if verb == "Stop" else record["description"], record if verb == "Stop" else None

    def _tags(self, verb: str, data: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, Any] | None]:
        record = self._records.get(data["ResourceArn"])
        if verb == "ListTags":
            return 200, {"Tags": [{"Key": "known", "Value": str(record is not None)}]}, None
        assert record
        record["description"][f"{record['kind']}Status"] = data["Tags"][0]["Value"]
        return 200, {"Tags": data["Tags"]}, record

    def _create(self, kind: str, arn: str, data: dict[str, Any]) -> Any:
        if arn in self._records:
            return _refuse("ResourceInUse", f"{arn} already exists")
        given = {k: v for k, v in data.items() if k != "Tags"}
        fixed = {f"{kind}Arn": arn, f"{kind}Status": "InProgress", "CreationTime": time.time()}
        self._records[arn] = {"arn": arn, "kind": kind, "description": {**given, **fixed}}
        return 200, {f"{kind}Arn": arn}, None


def _refuse(code: str, message: str) -> tuple[int, dict[str, Any], None]:
    return 400, {"__type": code, "message": message}, None


def mount(settings: Settings) -> None:
    """Register the fake as ministack's sagemaker, authorized as the real one."""
    from localcloud.glue import hooks, mount_sagemaker

    service = FakeSageMaker(mount_sagemaker.emitter(settings))
    handle = mount_sagemaker._handler(service, ThreadPoolExecutor(8))  # type: ignore[arg-type]
    module = types.SimpleNamespace(handle_request=handle, reset=lambda: None, get_state=lambda: None)
    hooks.target("core.router", "SERVICE_PATTERNS")["sagemaker"] = {
        "target_prefixes": ["SageMaker"],
        "host_patterns": [],
        "credential_scope": "sagemaker",
    }
    hooks.target("app", "SERVICE_REGISTRY")["sagemaker"] = {"module": "sagemaker"}
    hooks.target("app", "SERVICE_HANDLERS")["sagemaker"] = handle
    hooks.target("app", "_loaded_modules")["sagemaker"] = module


async def serve(settings: Settings, floor: float) -> None:
    """Serve until SIGTERM."""
    from hypercorn.asyncio import serve as hypercorn
    from hypercorn.config import Config

    from localcloud.glue import auth, hooks, stepfunctions

    auth.install()
    stepfunctions.install(settings, timeout_floor=floor)
    mount(settings)
    config = Config()
    config.bind = [f"127.0.0.1:{settings.port}"]
    config.graceful_timeout = 0.2
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def announce() -> None:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", settings.port)
                break
            except OSError:
                await asyncio.sleep(0.01)
        writer.close()
        print("ready", *stepfunctions.announce_interrupted(), flush=True)

    opening = asyncio.create_task(announce())
    await hypercorn(hooks.target("app", "app"), config, shutdown_trigger=stop.wait)
    await opening


def main() -> None:
    """Run one cloud in the foreground."""
    port, state, scale, floor = sys.argv[1:5]
    settings = Settings(Path(state), int(port), float(scale))
    settings.temporary.mkdir(parents=True, exist_ok=True)
    settings.apply_to_environment()
    os.environ.update(PERSIST_STATE="1", STATE_DIR=str(settings.state / "ministack"), LOG_LEVEL="WARNING")
    asyncio.run(serve(settings, float(floor)))


if __name__ == "__main__":
    main()
