"""DynamoDB in this process: ministack's, which evaluates the expressions, behind the calls of a boto3 client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError
from ministack.services import dynamodb as service

from tests.contract.application import root

Json = dict[str, Any]
DEFINITION = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")


class Dynamo:
    """The tables of template.yaml, empty; `pause` is called before each call and after each write."""

    def __init__(self, names: dict[str, str], pause: Callable[[str], object]) -> None:
        self._pause = pause
        service.reset()
        for logical_id, name in names.items():
            table = root().properties_of("AWS::DynamoDB::Table")[logical_id]
            asked = {k: table[k] for k in DEFINITION if k in table}
            if "StreamSpecification" in table:
                asked["StreamSpecification"] = {**table["StreamSpecification"], "StreamEnabled": True}
            self._call(service._create_table, {"TableName": name, **asked})

    def records(self, table: str, start: int) -> list[Json]:
        """The stream's records from a position on."""
        return [json.loads(json.dumps(r)) for r in service._stream_records.get(table, [])[start:]]

    def scan(self, table: str) -> list[Json]:
        """All items."""
        return list(self._call(service._scan, {"TableName": table})["Items"])

    def get_item(self, **asked: Any) -> Json:
        return self._do("GetItem", service._get_item, asked)

    def put_item(self, **asked: Any) -> Json:
        return self._do("PutItem", service._put_item, asked)

    def update_item(self, **asked: Any) -> Json:
        return self._do("UpdateItem", service._update_item, asked)

    def delete_item(self, **asked: Any) -> Json:
        return self._do("DeleteItem", service._delete_item, asked)

    def query(self, **asked: Any) -> Json:
        return self._do("Query", service._query, asked)

    def batch_get_item(self, **asked: Any) -> Json:
        return self._do("BatchGetItem", service._batch_get_item, asked)

    def transact_write_items(self, **asked: Any) -> Json:
        return self._do("TransactWriteItems", service._transact_write_items, asked)

    def get_paginator(self, name: str) -> Any:
        """Of queries: all pages, by their keys."""
        assert name == "query"
        return self

    def paginate(self, **asked: Any) -> Iterator[Json]:
        """Pages of a query."""
        more: Json = {}
        while True:
            page = self.query(**asked, **more)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _do(self, operation: str, call: Callable[[Json], Any], asked: Json) -> Json:
        self._pause(operation)
        answer = self._call(call, asked)
        if operation in WRITES:
            self._pause(f"after {operation}")
        return answer

    @staticmethod
    def _call(call: Callable[[Json], Any], asked: Json) -> Json:
        status, _, body = call(json.loads(json.dumps(asked)))
        answer: Json = json.loads(body)
        if status >= 400:
            code = str(answer.get("__type", "")).rsplit("#", 1)[-1]
            error = {"Error": {"Code": code, "Message": str(answer.get("message") or answer.get("Message"))}}
            raise ClientError({**error, "ResponseMetadata": {"HTTPStatusCode": status}}, call.__name__)
        return answer
