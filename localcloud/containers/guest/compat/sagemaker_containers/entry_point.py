"""Run a script as the training toolkit does; AWS's XGBoost samples import it for training on several hosts."""

from sagemaker_training.entry_point import run

__all__ = ["run"]
