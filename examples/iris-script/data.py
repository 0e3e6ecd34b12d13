"""Write the iris data (from scikit-learn's wheel) as CSV with a header."""

import sys

from sklearn.datasets import load_iris

data = load_iris(as_frame=True)
frame = data.frame.rename(columns={"target": "species"})
frame["species"] = data.target_names[frame["species"]]
frame.to_csv(sys.stdout, index=False)
