"""What every unit test of a function needs: the environment that the stack gives it."""

from __future__ import annotations

import os

os.environ.update(
    {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "POWERTOOLS_METRICS_NAMESPACE": "Dropforge",
        "DATA_BUCKET_NAME": "data-bucket",
        "ARTIFACTS_BUCKET_NAME": "artifacts-bucket",
        "DROPS_TABLE_NAME": "drops",
        "PROJECTS_TABLE_NAME": "projects",
        "RUNS_TABLE_NAME": "runs",
        "DEPLOYMENTS_TABLE_NAME": "deployments",
        "KEEP_CONFIGURATIONS": "5",
        "JOBS_PREFIX": "s3://artifacts-bucket/dropforge/0123456789abcdef/",
        "KEY_ARN": "arn:aws:kms:us-east-1:000000000000:key/6f2f4b1e-0000-4000-8000-000000000000",
        "TRAINING_JOB_ROLE_ARN": "arn:aws:iam::000000000000:role/dropforge-training-job",
        "INTAKE_JOB_ROLE_ARN": "arn:aws:iam::000000000000:role/dropforge-intake-job",
        "EVALUATION_JOB_ROLE_ARN": "arn:aws:iam::000000000000:role/dropforge-evaluation-job",
        "MODEL_ROLE_ARN": "arn:aws:iam::000000000000:role/dropforge-model",
        "BATCH_MODEL_ROLE_ARN": "arn:aws:iam::000000000000:role/dropforge-batch-model",
        "NOTICES_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:notices",
        "ALLOWED_IMAGES": "111122223333.dkr.ecr.us-east-1.amazonaws.com/mine:*",
    }
)
for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
    os.environ.pop(name, None)
