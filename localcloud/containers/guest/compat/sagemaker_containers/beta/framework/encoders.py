"""Encoders and decoders between NumPy arrays and request bodies."""

from __future__ import annotations

from typing import Any

from localcloud.containers.guest.compat.sagemaker_inference.decoder import decode
from localcloud.containers.guest.compat.sagemaker_inference.encoder import encode
from localcloud.containers.guest.serving import formats

__all__ = [
    "array_to_csv",
    "array_to_json",
    "array_to_npy",
    "csv_to_numpy",
    "decode",
    "encode",
    "json_to_numpy",
    "npy_to_numpy",
]


def array_to_npy(array_like: Any) -> bytes:
    """Return an array in NumPy's format."""
    return formats.encode(array_like, formats.NPY)


def npy_to_numpy(npy_array: bytes) -> Any:
    """Return the array of NumPy's format."""
    return formats.decode(npy_array, formats.NPY)


def array_to_json(array_like: Any) -> str:
    """Return an array as JSON."""
    return formats.encode(array_like, formats.JSON).decode()


def json_to_numpy(string_like: str) -> Any:
    """Return the array of a JSON text."""
    return formats.decode(string_like, formats.JSON)


def array_to_csv(array_like: Any) -> str:
    """Return an array as CSV."""
    return formats.encode(array_like, formats.CSV).decode()


def csv_to_numpy(string_like: str) -> Any:
    """Return the array of a CSV text."""
    return formats.decode(string_like, formats.CSV)
