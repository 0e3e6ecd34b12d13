"""The XGBoost library, imported in a quarter of the time.

It imports scikit-learn, if there is one, only to derive its estimator classes from it: 0.8 of 1.1 seconds. Nothing
in algorithm mode uses those classes, so scikit-learn is hidden while the library is imported. (A user's script
imports the library as it is.)
"""

from __future__ import annotations

import sys

_hidden = "sklearn" not in sys.modules
if _hidden:
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # documented: makes the import fail
try:
    import xgboost
finally:
    if _hidden:
        del sys.modules["sklearn"]

__all__ = ["xgboost"]
