"""Training jobs."""

from localcloud.sagemaker.training_job.operations import OPERATIONS

__all__ = ["OPERATIONS"]
