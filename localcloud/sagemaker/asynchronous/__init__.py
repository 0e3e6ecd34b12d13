"""Asynchronous endpoints: InvokeEndpointAsync queues a request, whose answer comes to S3 and, if wanted, to SNS."""
