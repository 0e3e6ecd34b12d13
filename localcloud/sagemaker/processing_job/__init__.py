"""Processing jobs."""

from localcloud.sagemaker.processing_job.operations import OPERATIONS
from localcloud.sagemaker.processing_job.state import enter

__all__ = ["OPERATIONS", "enter"]
