"""Write the diabetes data (from scikit-learn's wheel) without a header, in their original units."""

import csv
import sys

from sklearn.datasets import load_diabetes

data = load_diabetes(scaled=False)
writer = csv.writer(sys.stdout, lineterminator="\n")
for row, progression in zip(data.data, data.target, strict=True):
    writer.writerow([*(f"{value:g}" for value in row), f"{progression:g}"])
