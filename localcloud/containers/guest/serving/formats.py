"""The content types that AWS's images read and write by themselves (sagemaker_inference.decoder, .encoder)."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from localcloud.containers.guest.serving.server import UnacceptableError, UnsupportedContentTypeError

JSON, CSV, NPY, NPZ = "application/json", "text/csv", "application/x-npy", "application/x-npz"
# Bodies of these types reach a script as text, others as bytes.
TEXT_TYPES = (JSON, CSV)


def media_type(content_type: str) -> str:
    """Return a content type without its parameters, in lower case."""
    return content_type.split(";", maxsplit=1)[0].strip().lower()


def _text(data: str | bytes) -> str:
    return data if isinstance(data, str) else data.decode("utf-8")


def _bytes(data: str | bytes) -> bytes:
    return data.encode("utf-8") if isinstance(data, str) else data


_DECODERS: dict[str, Callable[[str | bytes], Any]] = {
    JSON: lambda data: np.array(json.loads(_text(data))),
    CSV: lambda data: np.genfromtxt(io.StringIO(_text(data)), dtype=None, delimiter=",", encoding="utf-8"),
    # Never unpickled: an array of objects in a request could run code.
    NPY: lambda data: np.load(io.BytesIO(_bytes(data)), allow_pickle=False),
}


def decode(data: str | bytes, content_type: str) -> Any:
    """Return a request's body as a NumPy array. Raises UnsupportedContentTypeError."""
    decoder = _DECODERS.get(media_type(content_type))
    if decoder is None:
        raise UnsupportedContentTypeError(content_type)
    return decoder(data)


def _json(array: Any) -> bytes:
    def plain(value: Any) -> Any:
        if hasattr(value, "tolist"):
            return value.tolist()
        raise TypeError(f"{type(value).__name__} is not JSON serializable")

    return json.dumps(array, default=plain).encode()


def _csv(array: Any) -> bytes:
    stream = io.StringIO()
    np.savetxt(stream, np.asarray(array), delimiter=",", fmt="%s")
    return stream.getvalue().encode()


def _npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(array), allow_pickle=False)
    return stream.getvalue()


_ENCODERS: dict[str, Callable[[Any], bytes]] = {JSON: _json, CSV: _csv, NPY: _npy}


def encode(array: Any, accept: str) -> bytes:
    """Return a prediction in the type `accept`. Raises UnacceptableError."""
    encoder = _ENCODERS.get(media_type(accept))
    if encoder is None:
        raise UnacceptableError(accept)
    return encoder(array)
