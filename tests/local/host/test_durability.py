"""What was acknowledged survives a kill -9 at once afterwards, and a stop."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from localcloud.cloud import LocalCloud

from .roles import role_client

TABLE: dict[str, Any] = {
    "TableName": "facts",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}


def key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def make_machine(cloud: LocalCloud, name: str, state: dict[str, Any]) -> str:
    """Make a machine of one state and its role; return its ARN."""
    service = {"Service": "states.amazonaws.com"}
    trust = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    definition = {"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": {**state, "End": True}}}
    states = cloud.client("stepfunctions")
    made = states.create_state_machine(name=name, roleArn=role, definition=json.dumps(definition))
    return str(made["stateMachineArn"])


def watch(cloud: LocalCloud, name: str, pattern: dict[str, Any]) -> Callable[[], list[dict[str, Any]]]:
    """Send the events of a pattern to a queue; return a function that reads what has come, waiting for the first."""
    sqs, events = cloud.client("sqs"), cloud.client("events")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"
    rule = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allow]})})
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])

    def read() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    return read


Before = Callable[[LocalCloud], Any]
BEFORE: dict[str, Before] = {}


def before_the_kill(function: Before) -> Before:
    """Register what is done in the cloud before it is killed; what it returns is its test's to check."""
    BEFORE[function.__name__] = function
    return function


@dataclass(frozen=True)
class Survivor:
    """The restarted cloud, and what was known before."""

    cloud: LocalCloud
    known: dict[str, Any]


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survivor]:
    """One cloud for all: everything registered is done, the last answer comes, a SIGKILL, a start."""
    cloud = LocalCloud.start(tmp_path_factory.mktemp("survivor"))
    known = {name: function(cloud) for name, function in BEFORE.items()}
    cloud.kill()
    cloud = cloud.restart()
    yield Survivor(cloud, known)
    cloud.stop()


@before_the_kill
def a_table(cloud: LocalCloud) -> None:
    table = cloud.client("dynamodb")
    table.create_table(**TABLE)
    for number in range(20):
        table.put_item(TableName="facts", Item=key("a", str(number)))
    change = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"S": "new"}}}
    table.update_item(TableName="facts", Key=key("a", "1"), **change)
    table.delete_item(TableName="facts", Key=key("a", "2"))


def test_tables_items_and_stream_records(survivor: Survivor) -> None:
    table = survivor.cloud.client("dynamodb")
    assert table.scan(TableName="facts", Select="COUNT")["Count"] == 19
    assert table.get_item(TableName="facts", Key=key("a", "1"))["Item"]["v"] == {"S": "new"}
    assert "Item" not in table.get_item(TableName="facts", Key=key("a", "2"))
    streams = survivor.cloud.client("dynamodbstreams")
    arn = table.describe_table(TableName="facts")["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    assert [r["eventName"] for r in records] == ["INSERT"] * 20 + ["MODIFY", "REMOVE"]


@before_the_kill
def objects(cloud: LocalCloud) -> dict[str, Any]:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="things")
    s3.put_bucket_versioning(Bucket="things", VersioningConfiguration={"Status": "Enabled"})
    large = os.urandom(6_000_000)
    first = s3.put_object(Bucket="things", Key="a b/ü.bin", Body=large)
    s3.put_object(Bucket="things", Key="a b/ü.bin", Body=b"2")
    s3.put_object_tagging(Bucket="things", Key="a b/ü.bin", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    s3.put_object(Bucket="things", Key="gone", Body=b"x")
    s3.delete_object(Bucket="things", Key="gone")
    upload = {"Bucket": "things", "Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=large)["ETag"]}
    return {"large": large, "first": first, "upload": upload, "part": part}


def test_objects_versions_tags_and_uploads(survivor: Survivor) -> None:
    s3, known = survivor.cloud.client("s3"), survivor.known["objects"]
    old = s3.get_object(Bucket="things", Key="a b/ü.bin", VersionId=known["first"]["VersionId"])
    assert (old["Body"].read(), old["ETag"]) == (known["large"], known["first"]["ETag"])
    assert s3.get_object(Bucket="things", Key="a b/ü.bin")["Body"].read() == b"2"
    assert s3.get_object_tagging(Bucket="things", Key="a b/ü.bin")["TagSet"] == [{"Key": "k", "Value": "v"}]
    markers = s3.list_object_versions(Bucket="things", Prefix="gone")["DeleteMarkers"]
    assert [m["IsLatest"] for m in markers] == [True]
    s3.complete_multipart_upload(**known["upload"], MultipartUpload={"Parts": [known["part"]]})
    assert s3.get_object(Bucket="things", Key="parts")["Body"].read() == known["large"]


@before_the_kill
def messages(cloud: LocalCloud) -> str:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="one")
    sqs.send_message(QueueUrl=url, MessageBody="done")
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
    done = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"][0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=done["ReceiptHandle"])
    return str(url)


def test_a_message_in_flight_is_visible_again(survivor: Survivor) -> None:
    url, sqs = survivor.known["messages"], survivor.cloud.client("sqs")
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    assert [m["Body"] for m in found] == ["one"]
    assert found[0]["Attributes"]["ApproximateReceiveCount"] == "2"


SIGNING = {"Message": b"text", "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}


@before_the_kill
def keys(cloud: LocalCloud) -> dict[str, Any]:
    kms = cloud.client("kms")
    aes = kms.create_key()["KeyMetadata"]["KeyId"]
    rsa = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=aes, Plaintext=b"secret")["CiphertextBlob"]
    return {"sealed": sealed, "KeyId": rsa, "Signature": kms.sign(KeyId=rsa, **SIGNING)["Signature"]}


def test_keys_still_decrypt_and_verify(survivor: Survivor) -> None:
    kms, known = survivor.cloud.client("kms"), dict(survivor.known["keys"])
    assert kms.decrypt(CiphertextBlob=known.pop("sealed"))["Plaintext"] == b"secret"
    assert kms.verify(**known, **SIGNING)["SignatureValid"]


@before_the_kill
def a_session(cloud: LocalCloud) -> Any:
    return role_client(cloud, "s3", "session-user", {"Action": "s3:ListAllMyBuckets", "Resource": "*"})


def test_temporary_credentials_stay_valid(survivor: Survivor) -> None:
    assert survivor.known["a_session"].list_buckets()["Buckets"]


@before_the_kill
def other_services(cloud: LocalCloud) -> None:
    cloud.client("ecr").create_repository(repositoryName="images")  # its module is loaded by this call
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName="churn")


def test_a_service_that_is_first_used_later_is_kept_too(survivor: Survivor) -> None:
    found = survivor.cloud.client("ecr").describe_repositories()["repositories"]
    assert [r["repositoryName"] for r in found] == ["images"]


def test_sagemaker_remembers(survivor: Survivor) -> None:
    sagemaker = survivor.cloud.client("sagemaker")
    assert sagemaker.describe_model_package_group(ModelPackageGroupName="churn")["ModelPackageGroupName"] == "churn"


@before_the_kill
def an_execution_that_ended(cloud: LocalCloud) -> str:
    # 4 s locally: its thread holds the record for longer than a mark is compared again.
    machine = make_machine(cloud, "ends", {"Type": "Wait", "Seconds": 240})
    states = cloud.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine, name="one")["executionArn"]
    while states.describe_execution(executionArn=execution)["status"] == "RUNNING":
        states.get_execution_history(executionArn=execution)
    return str(execution)


def test_what_was_seen_to_succeed_has_succeeded(survivor: Survivor) -> None:
    states, execution = survivor.cloud.client("stepfunctions"), survivor.known["an_execution_that_ended"]
    assert states.describe_execution(executionArn=execution)["status"] == "SUCCEEDED"
    history = states.get_execution_history(executionArn=execution)["events"]
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert history[-1]["type"] == "ExecutionSucceeded"


@before_the_kill
def an_execution_under_way(cloud: LocalCloud) -> dict[str, Any]:
    read = watch(cloud, "ended", {"source": ["aws.states"], "detail": {"status": ["FAILED"]}})
    machine = make_machine(cloud, "waits", {"Type": "Wait", "Seconds": 36000})
    execution = cloud.client("stepfunctions").start_execution(stateMachineArn=machine, name="one")
    return {"arn": execution["executionArn"], "read": read}


def test_an_execution_under_way_has_failed_and_was_announced(survivor: Survivor) -> None:
    known = survivor.known["an_execution_under_way"]
    described = survivor.cloud.client("stepfunctions").describe_execution(executionArn=known["arn"])
    assert described["status"] == "FAILED"
    assert described["stopDate"]
    assert [event["detail"]["executionArn"] for event in known["read"]()] == [known["arn"]]


@before_the_kill
def the_last_put(cloud: LocalCloud) -> Callable[[], list[dict[str, Any]]]:
    """(The kill follows at once: last in this file among those that are registered.)"""
    read = watch(cloud, "changes", {"source": ["aws.s3"]})
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="watched")
    on: dict[str, Any] = {"EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket="watched", NotificationConfiguration=on)
    s3.put_object(Bucket="watched", Key="one", Body=b"1")
    return read


def test_an_event_whose_put_was_acknowledged_arrives(survivor: Survivor) -> None:
    assert survivor.cloud.client("s3").get_object(Bucket="watched", Key="one")["Body"].read() == b"1"
    events = survivor.known["the_last_put"]()
    assert {event["detail"]["object"]["key"] for event in events} == {"one"}


def test_a_stop_keeps_the_state_and_notices_no_missed_change(own_cloud: LocalCloud) -> None:
    logs = own_cloud.client("logs")
    logs.create_log_group(logGroupName="/a")
    logs.create_log_stream(logGroupName="/a", logStreamName="s")
    now = int(time.time() * 1000)
    lines = [{"timestamp": now + n, "message": f"line {n}"} for n in range(50)]
    logs.put_log_events(logGroupName="/a", logStreamName="s", logEvents=lines)
    own_cloud.client("ssm").put_parameter(Name="/p", Value="1", Type="String")
    own_cloud.stop()
    assert "defect" not in own_cloud.settings.log_file.read_text()
    own_cloud.restart()
    events = own_cloud.client("logs").get_log_events(logGroupName="/a", logStreamName="s", startFromHead=True)["events"]
    assert [e["message"] for e in events] == [f"line {n}" for n in range(50)]
    assert own_cloud.client("ssm").get_parameter(Name="/p")["Parameter"]["Value"] == "1"


def test_a_reset_over_the_api_is_kept_as_well(own_cloud: LocalCloud) -> None:
    own_cloud.client("s3").create_bucket(Bucket="forget-me")
    own_cloud.client("s3").put_object(Bucket="forget-me", Key="a", Body=b"1" * 10_000)
    own_cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName="forget-me")
    url = f"{own_cloud.settings.endpoint_url}/_ministack/reset"
    assert httpx.post(url).status_code == 200
    own_cloud.kill()
    own_cloud.restart()
    assert own_cloud.client("s3").list_buckets()["Buckets"] == []
    groups = own_cloud.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert groups == []
