"""Who may call which endpoint: judged by the common port, remembered for seconds.

The first call of a caller goes there as it is, with a mark, and passes everything that any request passes: signature,
time, keys, policies. What comes back is either the mark's answer or the refusal for the caller.
"""

from __future__ import annotations

import re
import time

from localcloud.dataplane import answers
from localcloud.dataplane.proxy import Common
from localcloud.dataplane.request import Request

VERDICT = b"x-dropforge-verdict"
_CREDENTIAL = re.compile(rb"Credential=([^/,\s]+)/")
_FRESH_SECONDS = 5.0
# So old a verdict still holds for others while one call has it judged anew.
_STALE_SECONDS = 10.0
_MOST = 4096
_NO_CONTENT = 204
Key = tuple[bytes, bytes, str, str]


class Verdicts:
    """Only permissions are remembered; a refusal is asked for each time."""

    def __init__(self, common: Common, secret: bytes) -> None:
        self._common = common
        self._secret = secret
        self._allowed: dict[Key, float] = {}
        self._asking: set[Key] = set()

    def allowed(self, request: Request) -> bool:
        """Whether the caller is known to be allowed this."""
        if not self._common.known:
            return True
        key = _key(request)
        since = self._allowed.get(key)
        if since is None:
            return False
        age = time.monotonic() - since
        if age < _FRESH_SECONDS:
            return True
        if key in self._asking:
            return age < _STALE_SECONDS
        self._asking.add(key)
        return False

    async def ask(self, request: Request) -> bool:
        """Whether the caller may call; if not, it has had its answer."""
        key = _key(request)
        try:
            whole = await self._common.ask(request, (VERDICT, self._secret))
        except (OSError, TimeoutError):
            request.reply.fail(answers.unavailable(), request.id)
            return False
        finally:
            self._asking.discard(key)
        if whole.status != _NO_CONTENT:
            self._allowed.pop(key, None)
            self._common.pass_on(request, whole)
            return False
        if len(self._allowed) >= _MOST:
            self._allowed.clear()
        self._allowed[key] = time.monotonic()
        return True


def _key(request: Request) -> Key:
    headers = request.headers
    credential = _CREDENTIAL.search(headers.get(b"authorization", b""))
    return (
        credential[1] if credential else b"",
        headers.get(b"x-amz-security-token", b""),
        request.endpoint,
        request.operation,
    )
