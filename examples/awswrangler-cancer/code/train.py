"""Reads its rows from S3 with AWS SDK for pandas, and leaves predictions and statistics there as Parquet."""

import os
import subprocess
import sys

import joblib
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

TARGET = "diagnosis"
PACKAGE = "awswrangler==3.17.1"


def model_fn(model_dir):
    """Load the model for serving, which needs no AWS SDK for pandas."""
    return joblib.load(os.path.join(model_dir, "model.joblib"))


def wrangler():
    """Import it, after installing it where it is missing: AWS's image has none.

    A requirements.txt would install it into every endpoint and evaluation too.
    """
    try:
        import awswrangler
    except ModuleNotFoundError:
        subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", PACKAGE])  # noqa: S603
        import awswrangler
    return awswrangler


def main():
    """Train on the run's part of the drop; its place in the artifacts bucket comes from the environment."""
    run = os.environ["DROPFORGE_RUN_URI"]
    wr = wrangler()
    rows = wr.s3.read_csv(f"{run}prepared/train/")
    features, labels = rows.drop(columns=TARGET), rows[TARGET]
    print(f"read {len(rows)} rows from {run}prepared/train/")

    model = RandomForestClassifier(n_estimators=200, oob_score=True, random_state=0)
    model.fit(features.to_numpy(), labels)
    print(f"out_of_bag_accuracy={model.oob_score_:.4f}")

    judged = pd.DataFrame(model.oob_decision_function_, columns=model.classes_, index=rows.index)
    predictions = judged.assign(predicted=judged.idxmax(axis=1), actual=labels)
    wr.s3.to_parquet(predictions, f"{run}predictions/predictions.parquet")

    statistics = features.describe().T.rename_axis("column").reset_index()
    statistics["importance"] = model.feature_importances_
    wr.s3.to_parquet(statistics, f"{run}statistics/statistics.parquet")
    print(f"wrote {run}predictions/ and {run}statistics/")

    joblib.dump(model, os.path.join(os.environ["SM_MODEL_DIR"], "model.joblib"))


if __name__ == "__main__":
    main()
