"""Real-time endpoints."""

from localcloud.sagemaker.endpoint.operations import OPERATIONS

__all__ = ["OPERATIONS"]
