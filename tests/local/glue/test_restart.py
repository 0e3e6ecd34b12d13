"""A `kill -9` in the middle: what was accepted is still delivered."""

from __future__ import annotations

import json
from pathlib import Path

import psutil

from localcloud.cloud import LocalCloud, running
from tests.local.glue.conftest import EVENTS, Cloud
from tests.local.glue.test_pipes import Piped

APPEND = """
import os
def handler(event, context):
    with open(os.environ["OUT"], "a") as out:
        out.write(f"{event['n']}\\n")
"""


def _numbers(out: Path) -> set[int]:
    return {int(line) for line in out.read_text().split()} if out.exists() else set()


def test_asynchronous_invocations_survive(own_cloud: LocalCloud, tmp_path: Path) -> None:
    cloud, out = Cloud(own_cloud), tmp_path / "out"
    name = cloud.function(APPEND, Environment={"Variables": {"OUT": str(out)}})
    for number in range(30):
        cloud.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"n": number}))
    own_cloud.kill()
    own_cloud.restart()
    cloud.until(lambda: _numbers(out) == set(range(30)), 30)


def test_the_processes_of_functions_end_with_a_killed_host(own_cloud: LocalCloud) -> None:
    cloud = Cloud(own_cloud)
    cloud.invoke(cloud.function("def handler(e, c): ..."))
    host = running(own_cloud.settings)
    assert host is not None
    workers = host.children(recursive=True)
    assert workers
    own_cloud.kill()
    _, alive = psutil.wait_procs(workers, 10)
    assert not alive


def test_events_on_their_way_survive(own_cloud: LocalCloud) -> None:
    cloud = Cloud(own_cloud)
    url, arn = cloud.queue((EVENTS,))
    events = cloud.client("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["s"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": arn}])
    for number in range(30):
        events.put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": json.dumps({"n": number})}])
    own_cloud.kill()
    own_cloud.restart()
    seen: set[int] = set()
    while len(seen) < 30:
        seen.add(json.loads(cloud.receive(url)["Body"])["detail"]["n"])


def test_a_pipe_goes_on_where_it_was(own_cloud: LocalCloud) -> None:
    cloud = Cloud(own_cloud)
    piped = Piped(cloud)
    url, arn = cloud.queue()
    piped.create(arn, piped.role({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}), {})
    for number in range(30):
        piped.put(f"window#{number:02d}")
    own_cloud.kill()
    own_cloud.restart()
    seen: set[str] = set()
    while len(seen) < 30:
        seen.add(json.loads(cloud.receive(url)["Body"])["dynamodb"]["Keys"]["sk"]["S"])
