"""What many write themselves: Flask around the booster, for `gunicorn -w 2 benchmarks.flask_server:app`."""

from __future__ import annotations

import os

import numpy as np
import xgboost
from flask import Flask, Response, request

app = Flask(__name__)
booster = xgboost.Booster(model_file=os.environ["MODEL"])
booster.set_param({"nthread": 1})


@app.post("/invocations")
def invocations() -> Response:
    """Score rows of CSV."""
    lines = request.get_data(as_text=True).splitlines()
    rows = np.array([line.split(",") for line in lines], dtype=np.float32)
    scores = booster.predict(xgboost.DMatrix(rows)).tolist()
    return Response("\n".join(map(str, scores)) + "\n", mimetype="text/csv")
