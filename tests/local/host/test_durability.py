"""What was acknowledged survives a kill -9 at once afterwards, and a stop."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.cloud import LocalCloud

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


def make_machine(cloud: LocalCloud, state: dict[str, Any]) -> str:
    """Make a machine of one state and its role; return its ARN."""
    service = {"Service": "states.amazonaws.com"}
    trust = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = cloud.client("iam").create_role(RoleName="machine", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    definition = {"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": {**state, "End": True}}}
    states = cloud.client("stepfunctions")
    made = states.create_state_machine(name="only", roleArn=role, definition=json.dumps(definition))
    return str(made["stateMachineArn"])


def watch(cloud: LocalCloud, pattern: dict[str, Any]) -> Callable[[], list[dict[str, Any]]]:
    """Send the events of a pattern to a queue; return a function that reads what has come, waiting for the first."""
    sqs, events = cloud.client("sqs"), cloud.client("events")
    url = sqs.create_queue(QueueName="watched")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:watched"
    rule = events.put_rule(Name="watched", EventPattern=json.dumps(pattern))["RuleArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allow]})})
    events.put_targets(Rule="watched", Targets=[{"Id": "queue", "Arn": arn}])

    def read() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    return read


def test_tables_items_and_stream_records(own_cloud: LocalCloud) -> None:
    table = own_cloud.client("dynamodb")
    table.create_table(**TABLE)
    for number in range(20):
        table.put_item(TableName="facts", Item=key("a", str(number)))
    change = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"S": "new"}}}
    table.update_item(TableName="facts", Key=key("a", "1"), **change)
    table.delete_item(TableName="facts", Key=key("a", "2"))
    own_cloud.kill()
    again = own_cloud.restart().client("dynamodb")
    assert again.scan(TableName="facts", Select="COUNT")["Count"] == 19
    assert again.get_item(TableName="facts", Key=key("a", "1"))["Item"]["v"] == {"S": "new"}
    assert "Item" not in again.get_item(TableName="facts", Key=key("a", "2"))
    streams = own_cloud.client("dynamodbstreams")
    arn = again.describe_table(TableName="facts")["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    assert [r["eventName"] for r in records] == ["INSERT"] * 20 + ["MODIFY", "REMOVE"]


def test_objects_versions_tags_and_uploads(own_cloud: LocalCloud) -> None:
    s3 = own_cloud.client("s3")
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
    own_cloud.kill()
    s3 = own_cloud.restart().client("s3")
    old = s3.get_object(Bucket="things", Key="a b/ü.bin", VersionId=first["VersionId"])
    assert (old["Body"].read(), old["ETag"]) == (large, first["ETag"])
    assert s3.get_object(Bucket="things", Key="a b/ü.bin")["Body"].read() == b"2"
    assert s3.get_object_tagging(Bucket="things", Key="a b/ü.bin")["TagSet"] == [{"Key": "k", "Value": "v"}]
    markers = s3.list_object_versions(Bucket="things", Prefix="gone")["DeleteMarkers"]
    assert [m["IsLatest"] for m in markers] == [True]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]})
    assert s3.get_object(Bucket="things", Key="parts")["Body"].read() == large


def test_a_message_in_flight_is_visible_again(own_cloud: LocalCloud) -> None:
    sqs = own_cloud.client("sqs")
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="one")
    sqs.send_message(QueueUrl=url, MessageBody="done")
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
    done = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"][0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=done["ReceiptHandle"])
    own_cloud.kill()
    sqs = own_cloud.restart().client("sqs")
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    assert [m["Body"] for m in found] == ["one"]
    assert found[0]["Attributes"]["ApproximateReceiveCount"] == "2"


def test_keys_still_decrypt_and_verify(own_cloud: LocalCloud) -> None:
    kms = own_cloud.client("kms")
    aes = kms.create_key()["KeyMetadata"]["KeyId"]
    rsa = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=aes, Plaintext=b"secret")["CiphertextBlob"]
    how = {"Message": b"text", "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
    signature = kms.sign(KeyId=rsa, **how)["Signature"]
    own_cloud.kill()
    kms = own_cloud.restart().client("kms")
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"
    assert kms.verify(KeyId=rsa, Signature=signature, **how)["SignatureValid"]


def test_an_execution_under_way_has_failed(own_cloud: LocalCloud) -> None:
    machine = make_machine(own_cloud, {"Type": "Wait", "Seconds": 36000})
    states = own_cloud.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine, name="one")["executionArn"]
    read = watch(own_cloud, {"source": ["aws.states"], "detail": {"status": ["FAILED"]}})
    own_cloud.kill()
    states = own_cloud.restart().client("stepfunctions")
    described = states.describe_execution(executionArn=execution)
    assert described["status"] == "FAILED"
    assert described["stopDate"]
    assert [event["detail"]["executionArn"] for event in read()] == [execution]
    own_cloud.stop()
    own_cloud.restart()
    assert states.describe_execution(executionArn=execution)["stopDate"] == described["stopDate"]


def test_what_was_seen_to_succeed_has_succeeded(own_cloud: LocalCloud) -> None:
    machine = make_machine(own_cloud, {"Type": "Wait", "Seconds": 240})  # 4 s: a thread holds the record for long
    states = own_cloud.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine, name="one")["executionArn"]
    while states.describe_execution(executionArn=execution)["status"] == "RUNNING":
        states.get_execution_history(executionArn=execution)
    own_cloud.kill()
    states = own_cloud.restart().client("stepfunctions")
    assert states.describe_execution(executionArn=execution)["status"] == "SUCCEEDED"
    history = states.get_execution_history(executionArn=execution)["events"]
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert history[-1]["type"] == "ExecutionSucceeded"


def test_an_event_whose_put_was_acknowledged_arrives(own_cloud: LocalCloud) -> None:
    read = watch(own_cloud, {"source": ["aws.s3"]})
    s3 = own_cloud.client("s3")
    s3.create_bucket(Bucket="watched")
    on: dict[str, Any] = {"EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket="watched", NotificationConfiguration=on)
    s3.put_object(Bucket="watched", Key="one", Body=b"1")
    own_cloud.kill()
    own_cloud.restart()
    assert {event["detail"]["object"]["key"] for event in read()} == {"one"}


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


def test_a_service_that_is_first_used_later_is_kept_too(own_cloud: LocalCloud) -> None:
    own_cloud.client("ecr").create_repository(repositoryName="images")
    own_cloud.kill()
    found = own_cloud.restart().client("ecr").describe_repositories()["repositories"]
    assert [r["repositoryName"] for r in found] == ["images"]


@pytest.mark.parametrize("operation", ["kill", "stop"])
def test_sagemaker_remembers(own_cloud: LocalCloud, operation: str) -> None:
    group = {"ModelPackageGroupName": "churn"}
    own_cloud.client("sagemaker").create_model_package_group(**group)
    getattr(own_cloud, operation)()
    found = own_cloud.restart().client("sagemaker").describe_model_package_group(**group)
    assert found["ModelPackageGroupName"] == "churn"
