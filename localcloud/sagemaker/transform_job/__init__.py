"""Batch transform jobs."""

from localcloud.sagemaker.transform_job.operations import OPERATIONS
from localcloud.sagemaker.transform_job.state import enter

__all__ = ["OPERATIONS", "enter"]
