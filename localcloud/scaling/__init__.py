"""Application Auto Scaling for the local SageMaker's endpoints: it truly changes how many instances a variant has."""
