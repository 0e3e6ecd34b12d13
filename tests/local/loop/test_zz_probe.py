import json
from tests.local.loop.test_failures import CASES
from tests.local.loop.user import ENDINGS

def test_probe(user):
    text, files, _, _ = CASES["script-raises"]
    user.upload("script-raises/project.yaml", text)
    for key, body in files.items():
        user.upload(f"script-raises/{key}", body)
    user.wait_event("script-raises", ENDINGS)
    sfn = user.cloud.client("stepfunctions") if hasattr(user.cloud, "client") else user.client("stepfunctions")
    for m in sfn.list_state_machines()["stateMachines"]:
        if m["name"].endswith("method-train"):
            for e in sfn.list_executions(stateMachineArn=m["stateMachineArn"])["executions"]:
                for ev in sfn.get_execution_history(executionArn=e["executionArn"], maxResults=200)["events"]:
                    ev.pop("timestamp")
                    print("EV", json.dumps(ev, default=str)[:1200])
    assert 0
