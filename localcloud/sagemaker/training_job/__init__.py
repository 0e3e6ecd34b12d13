"""Training jobs."""

from localcloud.sagemaker.training_job.operations import OPERATIONS
from localcloud.sagemaker.training_job.state import enter

__all__ = ["OPERATIONS", "enter"]
