"""Write the Wisconsin breast-cancer data (from scikit-learn's wheel) as Parquet."""

import io
import sys

from sklearn.datasets import load_breast_cancer

data = load_breast_cancer(as_frame=True)
frame = data.frame.rename(columns=lambda name: name.replace(" ", "_"))
frame["target"] = data.target_names[frame["target"]]
file = io.BytesIO()
frame.rename(columns={"target": "diagnosis"}).to_parquet(file, index=False)
sys.stdout.buffer.write(file.getvalue())
