"""A SageMaker control plane and runtime that runs jobs and endpoints as local processes."""
