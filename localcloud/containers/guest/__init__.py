"""What runs inside the container processes: the programs `train` and `serve` of AWS's framework images.

The processes' own Python environment imports these modules (../interpreter.py), so they may use the standard
library, the libraries of the image that they play, and one another: nothing else of this repository.
"""
