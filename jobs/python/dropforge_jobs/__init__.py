"""Code that runs inside SageMaker jobs and model servers.

Python 3.9 or newer, the standard library, numpy and xgboost only: it runs on the Pythons of AWS's images. What looks at
a drop (`inspect`, `profile`) needs pyarrow and no numpy, for it runs in a function too.
"""
