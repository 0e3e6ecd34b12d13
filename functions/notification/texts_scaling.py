"""The words of scaling's notices: which endpoint nobody asks, and what it costs."""

from __future__ import annotations

import shlex

from notification.words import UNKNOWN, Detail, Text, count, number, part, word


def endpoint_idle(d: Detail) -> Text | None:
    """An endpoint is paid for and not asked; its deletion is told by whoever deletes it."""
    if word(d, "action", "") == "delete":
        return None
    project, endpoint, hours = word(d, "project"), word(d, "endpoint"), number(d.get("hours"))
    after = word(d, "delete_after", "")
    time = "some time" if hours is None else count(int(hours), "hour")
    until = f"Unless it is asked, it will be deleted after {after[:16].replace('T', ' ')} UTC." if after else ""
    return Text(
        subject=f"{project}: the endpoint is idle",
        headline=f"Endpoint {endpoint} of project {project} was not asked for {time}, and is billed.",
        severity="warning",
        sms=f"Dropforge {project}: endpoint {endpoint} idle for {time}. {until}".strip(),
        paragraphs=[_cost(d), until or LEFT, "" if after else DELETE, KEEP],
        commands=[f"aws sagemaker delete-endpoint --endpoint-name {shlex.quote(endpoint)}"],
    )


LEFT = "Dropforge leaves it as it is. This is told once, and again when it was asked and is idle anew."
DELETE = "To have idle endpoints deleted, write `budget: {idle_hours: 72, on_idle: delete}` into project.yaml."
KEEP = (
    "To keep it, ask it now and then, or set a larger `budget.idle_hours`. To pay by use, write `deploy: {mode: "
    "serverless}` and delete it, for AWS does not change its kind: the next approval makes it anew."
)


def _cost(d: Detail) -> str:
    usd, instance = part(d, "usd_per_month"), part(d, "instance")
    least, most = number(usd.get("min")), number(usd.get("max"))
    number_of = number(instance.get("count"))
    runs = f" ({number_of:.0f} × {word(instance, 'type')})" if number_of else ""
    if least is None or most is None:
        return f"What it costs is {UNKNOWN}{runs}."
    money = f"${most:,.2f}" if least == most else f"${least:,.2f} to ${most:,.2f}"
    return f"It costs about {money} a month at list prices{runs}."
