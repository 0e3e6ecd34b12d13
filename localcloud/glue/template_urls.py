"""GetTemplate names packaged files by AWS's S3 addresses, so that an unmodified `sam delete` understands them.

`sam package` writes a nested template's address with the endpoint that it was told (http://127.0.0.1:4566/…);
`sam delete` reads it back and accepts only https://s3….
"""

from __future__ import annotations

from typing import Any

from localcloud.glue import hooks
from localcloud.settings import Settings


def install(settings: Settings) -> None:
    """Install the hook. Raises HookError."""
    handlers = hooks.target("services.cloudformation.handlers", "_ACTION_HANDLERS")
    answer = handlers["GetTemplate"]
    real = f"https://s3.{settings.region}.amazonaws.com/".encode()
    own = [f"http://{host}:{settings.port}/".encode() for host in ("127.0.0.1", "localhost")]

    def get_template(parameters: Any) -> Any:
        status, headers, body = answer(parameters)
        for address in own:
            body = body.replace(address, real)
        return status, headers, body

    handlers["GetTemplate"] = get_template
