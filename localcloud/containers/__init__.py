"""Containers without Docker: an image URI resolves to a runner of ours that runs real processes.

`launch.start` runs a process under SageMaker's container contracts, `images.check` says whether an image can
run here. What runs inside the processes is in `guest/`.
"""
