"""Training on several hosts; here there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def wait_hostname_resolution(sm_hosts: list[str]) -> None:
    """Return at once: the only host is this one. Raises NotImplementedError for several."""
    if len(sm_hosts) > 1:
        raise NotImplementedError("the local cloud runs a job on one host")


def rabit_run(
    exec_fun: Callable[..., object],
    args: dict[str, Any],
    include_in_training: bool,
    hosts: list[str],
    current_host: str,
    *,
    update_rabit_args: bool = False,
    **_connection: object,
) -> None:
    """Run the training function as the only, and so the master, host. Raises NotImplementedError for several."""
    wait_hostname_resolution(hosts)
    if include_in_training:
        exec_fun(**args, **({"is_master": True} if update_rabit_args else {}))
