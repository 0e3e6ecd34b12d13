"""Request bodies to NumPy arrays."""

from localcloud.containers.guest.serving.formats import decode

__all__ = ["decode"]
