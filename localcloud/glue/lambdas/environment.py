"""The environment of a function's process: what Lambda sets, what the function sets, and nothing of the host's."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.lambdas import layers
from localcloud.glue.lambdas.worker import LOG_STREAM
from localcloud.settings import Settings

Json = dict[str, Any]
# What the interpreter itself needs; everything else of the host's environment would hide a missing setting.
_PASSED = ("PATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")


def build(settings: Settings, config: Json, code: Path, runtime_api: str) -> dict[str, str]:
    """Return the variables of an execution environment (Lambda developer guide, "Defined runtime environment
    variables"), with the credentials of the function's role and this cloud as the endpoint of every service."""
    name = config.get("FunctionName", "")
    logging_config = config.get("LoggingConfig") or {}
    temporary = settings.temporary / "lambda"
    temporary.mkdir(parents=True, exist_ok=True)
    return {
        **{key: os.environ[key] for key in _PASSED if key in os.environ},
        "AWS_ENDPOINT_URL": settings.endpoint_url,
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": settings.runtime_url,
        hooks.target("core.lambda_runtime", "HOST_PREFIX_ENV"): "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(temporary),  # no ~/.aws of the developer's
        "TMPDIR": str(temporary),
        **hooks.target("services.lambda_svc", "_runtime_env_vars")(config),
        **hooks.target("core.lambda_runtime", "execution_credentials")(config),
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', 'python3.13')}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_FUNCTION_VERSION": str(config.get("Version", "$LATEST")),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": logging_config.get("LogGroup") or f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": config.get(LOG_STREAM, ""),
        **_logging(logging_config),
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_TASK_ROOT": str(code),
        "_HANDLER": config.get("Handler", ""),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": os.pathsep.join(str(path) for path in python_path(config, code)),
        "PYTHONUNBUFFERED": "1",
    }


def _logging(config: Json) -> dict[str, str]:
    variables = {"AWS_LAMBDA_LOG_FORMAT": config.get("LogFormat") or "Text"}
    if config.get("ApplicationLogLevel"):
        variables["AWS_LAMBDA_LOG_LEVEL"] = config["ApplicationLogLevel"]
    return variables


def python_path(config: Json, code: Path) -> list[Path]:
    """The import path: the code, its layers, then the host's third-party packages (the process runs with -S, so
    that the host's own editable install of this project cannot stand in for a layer that was forgotten)."""
    paths = sysconfig.get_paths()
    host = dict.fromkeys((paths["purelib"], paths["platlib"]))
    return [code, *layers.search_paths(config), *(Path(path) for path in host)]
