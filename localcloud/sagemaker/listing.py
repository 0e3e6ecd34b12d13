"""List operations: filters, sorting and pages that stay right while resources come and go."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import InvalidRequestError
from localcloud.sagemaker.store import Record

_COMPARISONS = {
    "CreationTimeAfter": "created > ?",
    "CreationTimeBefore": "created < ?",
    "LastModifiedTimeAfter": "modified > ?",
    "LastModifiedTimeBefore": "modified < ?",
    "StatusEquals": "status = ?",
    "NameContains": "instr(lower(name), lower(?)) > 0",
}
_SORT_COLUMNS = {"CreationTime": "created", "Name": "lower(name)", "Status": "status"}
_DEFAULT_PAGE = 10


@dataclass(frozen=True)
class Listing:
    """How one List operation answers: the kind, the answer's member and its summary, the documented order."""

    kind: str
    member: str
    summary: Callable[[Record], dict[str, Any]]
    order: str = "Ascending"


def page(
    context: Context, listing: Listing, request: dict[str, Any], extra: dict[str, Any] | None = None
) -> dict[str, Any]:
    """One page. `extra` maps SQL of ours ("json_extract(…) = ?") to its value.

    Raises InvalidRequestError for a token that is not of this listing.
    """
    clauses = {sql: request[name] for name, sql in _COMPARISONS.items() if name in request} | (extra or {})
    column = _SORT_COLUMNS[request.get("SortBy", "CreationTime")]
    ascending = request.get("SortOrder", listing.order) == "Ascending"
    size = request.get("MaxResults", _DEFAULT_PAGE)
    where = "".join(f" AND {sql}" for sql in clauses)
    values = list(clauses.values())
    if "NextToken" in request:
        after = _decode(request["NextToken"], column)
        where += f" AND ({column}, sequence) {'>' if ascending else '<'} (?, ?)"
        values += after
    direction = "ASC" if ascending else "DESC"
    where += f" ORDER BY {column} {direction}, sequence {direction} LIMIT ?"
    found = context.store.select(listing.kind, where, [*values, size + 1])
    answer: dict[str, Any] = {listing.member: [listing.summary(record) for record in found[:size]]}
    if len(found) > size:
        answer["NextToken"] = _encode(found[size - 1], column)
    return answer


def _encode(record: Record, column: str) -> str:
    value = {"created": record.created, "lower(name)": record.name.lower(), "status": record.status}[column]
    return base64.urlsafe_b64encode(json.dumps([column, value, record.sequence]).encode()).decode()


def _decode(token: str, column: str) -> list[Any]:
    try:
        of, value, sequence = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError) as error:
        raise InvalidRequestError("Invalid NextToken: it was not given by this operation.") from error
    if of != column or not isinstance(sequence, int):
        raise InvalidRequestError("Invalid NextToken: SortBy differs from the request that gave it.")
    return [value, sequence]
