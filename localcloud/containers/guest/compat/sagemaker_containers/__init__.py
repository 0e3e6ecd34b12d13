"""sagemaker-containers: what inference scripts take from sagemaker_containers.beta.framework."""
