"""Errors of the XGBoost image, named as AWS's container names them in /opt/ml/output/failure."""

from __future__ import annotations


class UserError(Exception):
    """The job's settings or data are at fault."""


class AlgorithmError(Exception):
    """The algorithm failed for a reason that the settings do not explain."""
