"""The model registry: groups and packages."""

from localcloud.sagemaker.model_package import groups, packages
from localcloud.sagemaker.model_package.packages import find

OPERATIONS = groups.OPERATIONS | packages.OPERATIONS

__all__ = ["OPERATIONS", "find"]
