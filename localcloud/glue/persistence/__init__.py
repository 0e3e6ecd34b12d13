"""Durability: what was acknowledged survives `make down` and a `kill -9`. See durability.py for how."""

from __future__ import annotations

import logging
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.persistence.durability import Durability
from localcloud.settings import Settings

logger = logging.getLogger("durability")

# The services that the stack uses are loaded, and so kept, from the start; others when they are first used.
SERVICES = (
    "s3",
    "dynamodb",
    "dynamodb_streams",
    "sqs",
    "sns",
    "iam",
    "sts",
    "kms",
    "lambda_svc",
    "lambda_durable",
    "stepfunctions",
    "eventbridge",
    "scheduler",
    "cloudwatch",
    "cloudwatch_logs",
    "cloudformation",
    "pipes",
    "ssm",
    "secretsmanager",
)
# ministack's own loaders also repair what a restart breaks (executions that were running become FAILED, pollers
# start, indexes are rebuilt). They get a payload without stores: those are in place already.
_REPAIR = {"repair": True}


def install(settings: Settings) -> Durability:
    """Load the services and start to keep their state. Raises HookError, DatabaseError."""
    durability = Durability(settings)
    for name in SERVICES:
        hooks.target("app", "_get_module")(name)
        hooks.target(f"services.{name}", "load_persisted_state")
    durability.adopt()
    _note_items(durability)
    return durability


def _note_items(durability: Durability) -> None:
    """Make DynamoDB name each item that it writes, so that a commit need not look at the others."""
    tables = durability.stores["dynamodb._tables"]

    def key(table: dict[str, Any]) -> tuple[str, str, str]:
        _, _, _, region, account, _ = table["TableArn"].split(":", 5)
        return account, region, table["TableName"]

    def noting(old: Any) -> Any:
        def write(table: dict[str, Any], partition: Any, sort: Any, *item: Any) -> Any:
            result = old(table, partition, sort, *item)
            tables.note_part(key(table), (partition, sort))
            return result

        return write

    def noting_all(old: Any) -> Any:
        def replaced(table: dict[str, Any]) -> Any:
            result = old(table)
            known = list(tables.known.get(key(table), {}))
            present = [(p, s) for p, rows in list(table["items"].items()) for s in list(rows)]
            for part in {*(k for k in known if isinstance(k, tuple)), *present}:
                tables.note_part(key(table), part)
            return result

        return replaced

    hooks.wrap("services.dynamodb", "_set_item", noting)
    hooks.wrap("services.dynamodb", "_remove_item", noting)
    hooks.wrap("services.dynamodb", "_items_replaced", noting_all)


def load(durability: Durability) -> None:
    """Bring back what is on disk and repair what a restart breaks. After every other hook is installed."""
    found = {name.rpartition(".")[0] for name in durability.load()}
    for name in sorted(found):
        repair = getattr(hooks.module(f"services.{name}"), "load_persisted_state", None)
        if repair:
            repair(dict(_REPAIR))
    swept = durability.blobs.sweep()
    logger.info("restored %s; %d bodies that nothing names deleted", ", ".join(sorted(found)) or "nothing", swept)
