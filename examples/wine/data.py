"""Write the wine data (from scikit-learn's wheel) as UCI has them: no header, the class first."""

import csv
import sys

from sklearn.datasets import load_wine

data = load_wine()
writer = csv.writer(sys.stdout, lineterminator="\n")
for row, grower in zip(data.data, data.target, strict=True):
    writer.writerow([grower + 1, *row])
