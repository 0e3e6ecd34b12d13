"""The router between a caller and the instances: what it does when a connection or an instance is lost."""

from __future__ import annotations

from localcloud.dataplane.tables import Tables
from tests.unit.localcloud.sagemaker.helpers import Cloud
from tests.unit.localcloud.sagemaker.test_endpoint import make_config, make_model, serve, variant

# Each connection is good for one answer: it is closed as the second request comes, without reading it.
CLOSER = """
import os, socket, threading
listening = socket.create_server(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])))
def talk(connection):
    served = 0
    while connection.recv(1, socket.MSG_PEEK):
        if served: break
        text = connection.recv(65536)
        served += text.startswith(b"POST")
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
    connection.close()
while True: threading.Thread(target=talk, args=(listening.accept()[0],), daemon=True).start()
"""


def table(*instances: tuple[str, int]) -> dict:
    described = [{"id": name, "ports": [port], "containers": ["primary"]} for name, port in instances]
    variants = [
        {"name": "V", "weight": 1.0, "instances": described, "model": "m", "max_concurrency": None, "on_demand": False}
    ]
    fleet = {"config": "c", "share": 1.0, "variants": variants, "shadow": None, "shadow_percent": 0, "capture": None}
    return {"endpoint": "E", "fleets": [fleet], "invoke_seconds": 60.0, "asynchronous": False}


def test_an_idle_connection_that_ends_is_no_error_of_the_model(cloud: Cloud) -> None:
    cloud.runtime.images["closer"] = CLOSER
    make_model(cloud, "closer", image="closer")
    make_config(cloud, "closer", variant("AllTraffic", "closer"))
    serve(cloud, "Endpoint", "closer")
    for _ in range(30):
        assert cloud.invoke("Endpoint", b"x")[1] == {}


def test_an_instance_that_was_started_again_drains_its_old_calls() -> None:
    tables = Tables()
    tables.put(table(("i-1", 5001)))
    [old] = tables.endpoints["E"].variants["c", "V", 0].instances
    old.busy = 1
    tables.put(table(("i-1", 5002)))
    assert tables.busy({"i-1"})
    old.busy = 0
    assert not tables.busy({"i-1"})
