"""Transform jobs: what the model is sent, what is written beside it, and every way to end."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from localcloud.sagemaker.transform_job import capture, jsonpath
from tests.unit.localcloud.sagemaker.helpers import ROLE, CallError, Cloud

# Answers each line with its length; "busy" shows how many requests were under way at once.
MODEL = """
import http.server, json, os, threading, time
busy, most, lock, failed = 0, 0, threading.Lock(), []
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def log_message(self, *a): pass
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        said = os.environ.get("SAYS")
        if self.path == "/execution-parameters": return self.answer(200 if said else 404, (said or "").encode())
        self.answer(200, b"")
    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size)); self.rfile.readline()
        self.rfile.readline()
        print("chunked", flush=True)
        return b"".join(parts)
    def do_POST(self):
        global busy, most
        body = self.body()
        with lock:
            busy += 1
            if busy > most: most = busy; os.write(1, b"most %d\\n" % most)
        os.write(1, f"got {body!r}\\n".encode())
        time.sleep(float(os.environ.get("SLOW", "0")))
        with lock: busy -= 1
        if b"bad" in body: return self.answer(400, b"row 2: no number")
        if b"fail" in body: return self.answer(500, b"it broke")
        if b"once" in body and not failed: failed.append(1); return self.answer(503, b"busy")
        lines = body.decode().splitlines()
        if self.headers["Content-Type"] == "text/csv":
            return self.answer(200, "".join(f"{len(line)}\\n" for line in lines).encode())
        self.answer(200, "".join(json.dumps({"keys": sorted(json.loads(line))}) + "\\n" for line in lines).encode())
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


def request(cloud: Cloud, name: str, **more: Any) -> dict[str, Any]:
    cloud.runtime.images["image"] = MODEL
    environment = more.pop("env", {})
    container = {"Image": "image", "ModelDataUrl": cloud.put_archive("model.tar.gz", weights="w")}
    container["Environment"] = environment
    cloud.call("CreateModel", ModelName=f"m-{name}", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{cloud.bucket}/in/"}}
    return {
        "TransformJobName": name,
        "ModelName": f"m-{name}",
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {
            "S3OutputPath": f"s3://{cloud.bucket}/out/{name}",
            "Accept": "text/csv",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **more,
    }


def run(cloud: Cloud, name: str, **more: Any) -> dict[str, Any]:
    cloud.call("CreateTransformJob", **request(cloud, name, **more))
    cloud.wait_job(name)
    return cloud.call("DescribeTransformJob", TransformJobName=name)


def outputs(cloud: Cloud, name: str) -> dict[str, bytes]:
    prefix = f"out/{name}/"
    found = cloud.s3.list_objects_v2(Bucket=cloud.bucket, Prefix=prefix).get("Contents", [])
    return {item["Key"][len(prefix) :]: cloud.get(f"s3://{cloud.bucket}/{item['Key']}") for item in found}


def got(cloud: Cloud) -> list[str]:
    return [line for line in cloud.runtime._lines if line.startswith("got ")]


def test_several_files_joined(cloud: Cloud) -> None:
    cloud.put("in/a.csv", b'7,"x, y"\n8,z\n')
    cloud.put("in/sub/b.csv", b"9,w")
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input"}
    job = run(cloud, "joined", DataProcessing=processing, BatchStrategy="MultiRecord", MaxPayloadInMB=1)
    assert job["TransformJobStatus"] == "Completed", job
    assert job["TransformStartTime"] <= job["TransformEndTime"]
    # A filtered field is quoted where it must be; the record itself stays as it came.
    assert outputs(cloud, "joined") == {"a.csv.out": b'7,"x, y",6\n8,z,1\n', "sub/b.csv.out": b"9,w,1\n"}
    environment = cloud.runtime.requests["image"][0].environment
    assert environment["SAGEMAKER_BATCH"] == "true"
    assert environment["SAGEMAKER_BATCH_STRATEGY"] == "MULTI_RECORD"
    assert environment["SAGEMAKER_MAX_PAYLOAD_IN_MB"] == "1"
    assert "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS" not in environment


def test_json_joined(cloud: Cloud) -> None:
    cloud.put("in/a.jsonl", b'{"n":1,"row":{"a":1,"b":"x"}}\n{"n":2,"row":{"a":null}}\n')
    create = request(
        cloud,
        "jsonl",
        DataProcessing={
            "InputFilter": "$.row",
            "JoinSource": "Input",
            "OutputFilter": "$['n','SageMakerOutput']",
        },
    )
    create["TransformInput"]["ContentType"] = create["TransformOutput"]["Accept"] = "application/jsonlines"
    cloud.call("CreateTransformJob", **create)
    cloud.wait_job("jsonl")
    lines = [json.loads(line) for line in outputs(cloud, "jsonl")["a.jsonl.out"].splitlines()]
    assert lines == [{"n": 1, "SageMakerOutput": {"keys": ["a", "b"]}}, {"n": 2, "SageMakerOutput": {"keys": ["a"]}}]


def test_single_records_run_at_once_and_stay_in_order(cloud: Cloud) -> None:
    rows = [b"x" * length for length in range(1, 25)]
    cloud.put("in/a.csv", b"\n".join(rows) + b"\n")
    job = run(
        cloud, "order", BatchStrategy="SingleRecord", MaxConcurrentTransforms=4, env={"SLOW": "0.02"}, MaxPayloadInMB=1
    )
    assert job["TransformJobStatus"] == "Completed"
    assert outputs(cloud, "order")["a.csv.out"] == b"".join(b"%d\n" % len(row) for row in rows)
    assert len(got(cloud)) == len(rows)
    assert "most 4" in cloud.runtime._lines
    assert "most 5" not in cloud.runtime._lines


def test_bad_record_fails_its_file_only(cloud: Cloud) -> None:
    cloud.put("in/a.csv", b"1\n2\n")
    cloud.put("in/b.csv", b"1\nbad\n")
    job = run(cloud, "refused")
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: See job logs for more information"
    assert list(outputs(cloud, "refused")) == ["a.csv.out"]
    assert len([line for line in got(cloud) if "bad" in line]) == 1  # never tried again
    logs = cloud.service.context.aws.role(ROLE).client("logs")
    group = "/aws/sagemaker/TransformJobs"
    streams = [s["logStreamName"] for s in logs.describe_log_streams(logGroupName=group)["logStreams"]]
    [stream] = [name for name in streams if name.startswith("refused/") and name.endswith("/data-log")]
    said = [e["message"] for e in logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]]
    assert said[0].endswith("MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD")
    assert said[-1].endswith(f"{cloud.bucket}/in/b.csv: row 2: no number")


@pytest.mark.parametrize(("retries", "calls"), [(0, 1), (2, 3)])
def test_server_faults_are_tried_again(cloud: Cloud, retries: int, calls: int) -> None:
    cloud.put("in/a.csv", b"fail\n")
    job = run(cloud, f"retried-{retries}", ModelClientConfig={"InvocationsMaxRetries": retries})
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert len(got(cloud)) == calls


def test_passing_fault_costs_nothing(cloud: Cloud) -> None:
    cloud.put("in/a.csv", b"once\n")
    assert run(cloud, "once")["TransformJobStatus"] == "Completed"
    assert outputs(cloud, "once") == {"a.csv.out": b"4\n"}


def test_time_out(cloud: Cloud) -> None:
    cloud.put("in/a.csv", b"1\n")
    limits = {"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0}
    assert run(cloud, "slow", ModelClientConfig=limits, env={"SLOW": "3"})["TransformJobStatus"] == "Failed"


def test_whole_files_gzip_and_streaming(cloud: Cloud) -> None:
    cloud.put("in/a.csv.gz", gzip.compress(b"1\n22\n"))
    create = request(cloud, "streamed", MaxPayloadInMB=0)
    create["TransformInput"] |= {"SplitType": "None", "CompressionType": "Gzip"}
    create["TransformOutput"].pop("AssembleWith")
    cloud.call("CreateTransformJob", **create)
    assert cloud.wait_job("streamed")["detail"]["TransformJobStatus"] == "Completed"
    assert outputs(cloud, "streamed") == {"a.csv.gz.out": b"1\n2\n"}
    assert "chunked" in cloud.runtime._lines


def test_execution_parameters_and_instances(cloud: Cloud) -> None:
    for name in "abc":
        cloud.put(f"in/{name}.csv", b"1\n2\n")
    said = json.dumps({"BatchStrategy": "SINGLE_RECORD", "MaxConcurrentTransforms": 2, "MaxPayloadInMB": 1})
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2}
    job = run(cloud, "said", env={"SAYS": said}, TransformResources=resources)
    assert job["TransformJobStatus"] == "Completed"
    assert len(cloud.runtime.processes) == 2
    assert len(got(cloud)) == 6


def test_manifest_and_capture(cloud: Cloud) -> None:
    cloud.put("far/x/a.csv", b"1\n")
    manifest = json.dumps([{"prefix": f"s3://{cloud.bucket}/far/"}, "x/a.csv"])
    create = request(cloud, "listed")
    create["TransformInput"]["DataSource"]["S3DataSource"] = {
        "S3DataType": "ManifestFile",
        "S3Uri": cloud.put("list.json", manifest.encode()),
    }
    destination = f"s3://{cloud.bucket}/captured"
    create["DataCaptureConfig"] = {"DestinationS3Uri": destination, "GenerateInferenceId": True}
    cloud.call("CreateTransformJob", **create)
    assert cloud.wait_job("listed")["detail"]["TransformJobStatus"] == "Completed"
    [(name, content)] = outputs(cloud, "listed").items()
    assert name == "x/a.csv.out"
    value, identity, moment = content.decode().rstrip().split(",")
    assert (value, len(identity), moment[-1]) == ("1", 36, "Z")
    found = cloud.s3.list_objects_v2(Bucket=cloud.bucket, Prefix="captured/")["Contents"]
    written = {item["Key"].split("/")[1]: json.loads(cloud.get(f"s3://{cloud.bucket}/{item['Key']}")) for item in found}
    assert written["input"] == [{"prefix": f"s3://{cloud.bucket}/far/x/"}, "a.csv"]
    assert written["output"][1] == "a.csv.out"


def test_stop(cloud: Cloud) -> None:
    cloud.put("in/a.csv", b"1\n" * 50)
    cloud.call("CreateTransformJob", **request(cloud, "stop", BatchStrategy="SingleRecord", env={"SLOW": "0.2"}))
    cloud.runtime.wait_for_line("most 1")
    cloud.call("StopTransformJob", TransformJobName="stop")
    assert cloud.wait_job("stop")["detail"]["TransformJobStatus"] == "Stopped"
    assert not outputs(cloud, "stop")
    with pytest.raises(CallError, match="is in status Stopped"):
        cloud.call("StopTransformJob", TransformJobName="stop")


def test_restart_fails_what_ran(cloud: Cloud) -> None:
    cloud.put("in/a.csv", b"1\n" * 50)
    cloud.call("CreateTransformJob", **request(cloud, "cut", BatchStrategy="SingleRecord", env={"SLOW": "0.2"}))
    cloud.runtime.wait_for_line("most 1")
    cloud.restart()
    assert cloud.wait_job("cut")["detail"]["FailureReason"].startswith("InternalServerError")


def test_container_that_ends(cloud: Cloud) -> None:
    cloud.put("in/a.csv")
    create = request(cloud, "ends")
    cloud.runtime.images["image"] = cloud.runtime.images["exits"]
    cloud.call("CreateTransformJob", **create)
    assert "respond to ping" in cloud.wait_job("ends")["detail"]["FailureReason"]


def test_no_input(cloud: Cloud) -> None:
    assert "No S3 objects found" in run(cloud, "nothing")["FailureReason"]


def test_event(cloud: Cloud) -> None:
    cloud.put("in/a.csv")
    run(cloud, "told", Tags=[{"Key": "project", "Value": "p"}])
    event = cloud.wait_job("told")
    assert event["detail-type"] == "SageMaker Transform Job State Change"
    assert event["detail"]["Tags"] == {"project": "p"}
    assert event["detail"]["CreationTime"].endswith("Z")
    assert not [name for name in event["detail"] if name.startswith("_")]
    [summary] = cloud.call("ListTransformJobs", NameContains="told")["TransformJobSummaries"]
    assert summary["TransformJobName"] == "told"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "must not exceed 100 MB"),
        ({"MaxPayloadInMB": 0}, "requires SplitType None"),
        ({"DataProcessing": {"InputFilter": "age"}}, "begins with"),
        ({"ModelName": "none"}, "Could not find model"),
        ({"TransformOutput": {"S3OutputPath": "https://x/y"}}, "must be an S3 URI"),
        ({"TransformOutput": {"S3OutputPath": "s3://b/x"}, "DataProcessing": {"JoinSource": "Input"}}, "AssembleWith"),
    ],
)
def test_refused(cloud: Cloud, change: dict[str, Any], said: str) -> None:
    with pytest.raises(CallError, match=said):
        cloud.call("CreateTransformJob", **{**request(cloud, "refused-request"), **change})


@pytest.mark.parametrize("split", ["RecordIO", "TFRecord"])
def test_not_here(cloud: Cloud, split: str) -> None:
    create = request(cloud, f"split-{split}")
    create["TransformInput"]["SplitType"] = split
    with pytest.raises(CallError, match=f"SplitType {split} is not implemented"):
        cloud.call("CreateTransformJob", **create)


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("$", [1, 2], [1, 2]),
        ("$[1:]", ["a", "b", "c"], ["b", "c"]),
        ("$[0,-1]", ["a", "b", "c"], ["a", "c"]),
        ("$[0, 2:4]", ["a", "b", "c", "d"], ["a", "c", "d"]),
        ("$[-1]", ["a", "b"], "b"),
        ("$.a.b", {"a": {"b": 3}}, 3),
        ("$['a','c']", {"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 3}),
        ("$.a[*]", {"a": [1, 2]}, [1, 2]),
    ],
)
def test_path(path: str, value: Any, found: Any) -> None:
    assert jsonpath.find(jsonpath.parse(path), value) == found


@pytest.mark.parametrize("path", ["a", "$[", "$[x]", "$..a", "$[?(@.a)]"])
def test_path_refused(path: str) -> None:
    with pytest.raises(jsonpath.PathError):
        jsonpath.parse(path)


def test_manifest_names_the_shared_folder() -> None:
    assert capture.manifest(["s3://b/x/a", "s3://b/x/y/c"]) == [{"prefix": "s3://b/x/"}, "a", "y/c"]
