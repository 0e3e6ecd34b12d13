"""Data capture: records as AWS writes them, into files that the host puts into S3.

A file's first line says where it goes (bucket, key, role, KMS key); it is complete when its name ends in `.ready`.
Records are on disk within a tenth of a second: what a killed host leaves is put into S3 by the next one.
"""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from pathlib import Path
from typing import Any, BinaryIO

from localcloud.dataplane.answers import identifier
from localcloud.dataplane.request import Request
from localcloud.dataplane.tables import Variant

_FILE_SECONDS = 2.0
_FILE_BYTES = 4 << 20
_CUSTOM, _INFERENCE_ID = b"x-amzn-sagemaker-custom-attributes", b"x-amzn-sagemaker-inference-id"
_KINDS = (("CsvContentTypes", "CSV"), ("JsonContentTypes", "JSON"))
Config = dict[str, Any]
_Item = tuple[Config, Variant, Request, bytes, bytes, float]


class Capture:
    """`tell` says which files are complete."""

    def __init__(self, folder: str, tell: Callable[[dict[str, Any]], None]) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._tell = tell
        self._items: list[_Item] = []
        self._files: dict[tuple[str, str, str], _File] = {}
        self._leave_nothing()

    def wants(self, config: Config | None) -> bool:
        """Whether this call is sampled."""
        if config is None or not config.get("EnableCapture"):
            return False
        percent = config["InitialSamplingPercentage"]
        return bool(percent >= 100 or random.random() * 100 < percent)  # noqa: S311, PLR2004

    def add(self, config: Config, variant: Variant, request: Request, kind: bytes, body: bytes) -> None:
        """Keep a call and its answer; `kind` is the answer's content type."""
        self._items.append((config, variant, request, kind, body, time.time()))

    def write(self) -> None:
        """Write what is kept to its files, and finish those that are old or large."""
        items, self._items = self._items, []
        lines: dict[tuple[str, str, str], list[str]] = {}
        for item in items:
            config, variant, _, _, _, moment = item
            hour = _times(int(moment))[0]
            # Also the configuration's own settings: an update may have changed where files go.
            key = f"{config['DestinationS3Uri']}\0{config.get('role')}", f"{variant.endpoint}/{variant.name}", hour
            if key not in self._files:
                self._files[key] = _File(self._folder, config, key[1], hour, moment)
            lines.setdefault(key, []).append(record(*item))
        for key, own in lines.items():
            self._files[key].write("".join(own).encode())
        now = time.time()
        for key, file in list(self._files.items()):
            if now - file.opened >= _FILE_SECONDS or file.size >= _FILE_BYTES:
                self._finish(self._files.pop(key))

    def close(self) -> None:
        """Write and finish everything."""
        self.write()
        for file in self._files.values():
            self._finish(file)
        self._files.clear()

    def _finish(self, file: _File) -> None:
        self._tell({"tell": "captured", "path": str(file.finish())})

    def _leave_nothing(self) -> None:
        """Take up what an earlier process left behind."""
        for path in self._folder.glob("*.part"):
            path.rename(path.with_suffix(".ready"))
        for path in sorted(self._folder.glob("*.ready")):
            self._tell({"tell": "captured", "path": str(path)})


class _File:
    """One object in the making."""

    def __init__(self, folder: Path, config: Config, place: str, hour: str, moment: float) -> None:
        name = identifier()
        bucket, _, prefix = config["DestinationS3Uri"].removeprefix("s3://").partition("/")
        within = time.strftime("%M-%S", time.gmtime(moment)) + f"-{int(moment * 1000) % 1000:03d}"
        key = "/".join(part for part in (prefix.strip("/"), place, hour, f"{within}-{name}.jsonl") if part)
        header = {"bucket": bucket, "key": key, "role": config.get("role"), "kms": config.get("KmsKeyId")}
        self._path = folder / f"{name}.part"
        self._file: BinaryIO = self._path.open("wb", buffering=0)
        self._file.write(json.dumps(header).encode() + b"\n")
        self.opened = moment
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append records."""
        self._file.write(data)
        self.size += len(data)

    def finish(self) -> Path:
        """No more comes."""
        self._file.close()
        return self._path.rename(self._path.with_suffix(".ready"))


def record(config: Config, _: Variant, request: Request, kind: bytes, body: bytes, moment: float) -> str:
    """One line of a captured file: JSON, put together by hand, because each call pays for it."""
    modes = _modes(config)
    types = config.get("CaptureContentTypeHeader") or {}
    sides = []
    if modes & {"Input", "InputAndOutput"}:
        sent = request.headers.get(b"content-type", b"").decode("latin-1")
        sides.append(f'"endpointInput":{_side("INPUT", sent, request.body, types)}')
    if modes & {"Output", "InputAndOutput"}:
        sides.append(f'"endpointOutput":{_side("OUTPUT", kind.decode("latin-1"), body, types)}')
    metadata = f'"eventId":"{request.id}"'
    if _INFERENCE_ID in request.headers:
        metadata += f',"inferenceId":{_quoted(request.headers[_INFERENCE_ID].decode("latin-1"))}'
    if _CUSTOM in request.headers:
        metadata += f',"customAttributes":[{_quoted(request.headers[_CUSTOM].decode("latin-1"))}]'
    when = _times(int(moment))[1]
    return (
        f'{{"captureData":{{{",".join(sides)}}},"eventMetadata":{{{metadata},"inferenceTime":"{when}"}},'
        '"eventVersion":"0"}\n'
    )


def _modes(config: Config) -> set[str]:
    return {option["CaptureMode"] for option in config["CaptureOptions"]}


@lru_cache(64)
def _times(second: int) -> tuple[str, str]:
    """The hour's folder and the time of a record."""
    moment = time.gmtime(second)
    return time.strftime("%Y/%m/%d/%H", moment), time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)


def _side(mode: str, content_type: str, body: bytes, types: Config) -> str:
    data, encoding = None, "BASE64"
    media = content_type.split(";", 1)[0].strip().lower()
    for member, name in _KINDS:
        if media and media in types.get(member, ()):
            data, encoding = _text(body), name
            break
    if data is None:
        data, encoding = base64.b64encode(body).decode(), "BASE64"
    observed = _quoted(content_type) if content_type else "null"
    return f'{{"observedContentType":{observed},"mode":"{mode}","data":{_quoted(data)},"encoding":"{encoding}"}}'


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
