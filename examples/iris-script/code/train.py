"""An ordinary SageMaker training script: it knows nothing of Dropforge."""

import argparse
import os

import joblib
import pandas as pd
from sklearn.ensemble import RandomForestClassifier


def model_fn(model_dir):
    """Load the model for serving."""
    return joblib.load(os.path.join(model_dir, "model.joblib"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--n-estimators", type=int, default=10)
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    arguments = parser.parse_args()

    files = [os.path.join(arguments.train, name) for name in sorted(os.listdir(arguments.train))]
    data = pd.concat(pd.read_csv(file) for file in files)
    features, labels = data.drop(columns="species").to_numpy(), data["species"]

    model = RandomForestClassifier(n_estimators=arguments.n_estimators, random_state=0).fit(features, labels)
    print(f"train_accuracy={model.score(features, labels):.4f}")
    joblib.dump(model, os.path.join(arguments.model_dir, "model.joblib"))
