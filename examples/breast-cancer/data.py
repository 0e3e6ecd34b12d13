"""Write the Wisconsin breast cancer data (from scikit-learn's wheel) as CSV with a header."""

import sys

from sklearn.datasets import load_breast_cancer

data = load_breast_cancer(as_frame=True)
frame = data.frame.rename(columns={"target": "diagnosis"})
frame["diagnosis"] = data.target_names[frame["diagnosis"]]
frame.to_csv(sys.stdout, index=False)
