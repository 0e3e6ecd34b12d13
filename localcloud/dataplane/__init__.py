"""The router of the local endpoints: a process of its own between callers of sagemaker-runtime and model servers.

It imports neither boto3 nor ministack; what it must know comes over the channel (`sagemaker.router`).
"""
