"""What the person who approves should know: how the candidate stands beside the champion, and what approval does."""

from __future__ import annotations

from notification import passages
from notification.words import Detail, lines, number, part, word

COMPARED = 10


def compared(d: Detail) -> str:
    """The champion's figures and the candidate's on the same rows, or why there are none."""
    champion = part(d, "champion")
    if not champion:
        return "There is no model before it to compare it with." if "champion" in d else ""
    version = word(champion, "version")
    who = f"version {version}, {'live at that time' if champion.get('live') else 'the last that was approved'}"
    if champion.get("compared") is not True:
        metric, value = word(champion, "metric", ""), word(champion, "value", "")
        own = f" When it was new it had {metric} {value}, on other rows." if metric and value else ""
        why = word(champion, "reason", "no reason was given")
        return f"It was not compared with the champion ({who}): {why}.{own}"
    rows = number(champion.get("rows"))
    told = f"Beside the champion ({who}), on the same {f'{rows:,.0f} ' if rows is not None else ''}held-out rows:"
    table = [("metric", "champion", "this one"), *_pairs(champion)]
    return "\n".join([told, passages.table(table, "  "), _overlap(champion)]).rstrip()


def _pairs(champion: Detail) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, pair in part(champion, "metrics").items():
        values = [number(v) for v in pair] if isinstance(pair, list) else []
        if len(values) == 2 and None not in values:  # noqa: PLR2004 - the champion's and the candidate's
            found.append((word({"name": name}, "name"), *(f"{value:g}" for value in values)))
    return found[:COMPARED]


def _overlap(champion: Detail) -> str:
    """Whether the champion knew some of the rows, which would flatter it."""
    overlap = part(champion, "overlap")
    seen, rows = number(overlap.get("seen")), number(overlap.get("rows"))
    if overlap.get("checked") is not True:
        why = word(overlap, "reason", "nobody said why")
        return f"Whether the champion had learnt from some of them was not checked ({why}); that would flatter it."
    if not seen:
        return "The champion had learnt from none of them."
    known = f"{seen:,.0f} of the {rows:,.0f}" if rows is not None else f"{seen:,.0f}"
    if champion.get("on") == "unseen":
        return f"{known} rows are left out here, because the champion had learnt from them."
    return f"The champion had learnt from {known} rows, which flatters it; too few are left without them."


def consequence(d: Detail) -> str:
    """What approving does, as the project.yaml of this run says it."""
    plan, champion = part(d, "deployment"), part(d, "champion")
    if not plan:
        return "Approving deploys it."
    if plan.get("enabled") is False:
        return "Approving only marks it in the registry: project.yaml has `deploy.enabled: false`."
    if plan.get("mode") == "batch":
        return f"Approving makes no endpoint: project.yaml has `deploy.mode: batch`. {_predicts(champion)}"
    if champion.get("live") is not True:
        return "Approving deploys it. If there is no endpoint yet it is made, and there is no traffic to move."
    replaced = word(champion, "version", "")
    if replaced and part(plan, "comparison"):
        return _beside(plan, replaced)
    place = f"of version {replaced}" if replaced else "of what is live"
    return f"Approving puts it in the place {place}: {_moves(plan)}\n{_watch(plan)}".rstrip()


def _predicts(champion: Detail) -> str:
    """Which version predicts what is dropped below `batch/`; a live one comes first there."""
    if champion.get("live") is not True:
        return "It predicts what is dropped below `batch/` from then on."
    version = word(champion, "version", "")
    which = f"version {version}" if version else "what it serves"
    return f"The endpoint of before stays, and {which} predicts dropped files while it is approved."


def _beside(plan: Detail, live: str) -> str:
    """An A/B comparison or a shadow test comes first."""
    first = part(plan, "comparison")
    percent, bake, longest = (number(first.get(key)) or 0 for key in ("percent", "bake", "longest"))
    share = f"answers {percent:g} % of the traffic"
    if plan.get("strategy") == "shadow":
        share = f"gets a copy of {percent:g} % of the traffic, and nobody gets its answers"
    return (
        f"Approving runs it beside version {live} first: it {share}.\n"
        f"After {passages.duration(bake)}, {passages.duration(longest)} at most, it is judged by that; then it takes "
        "over or goes, and a notice says which and why."
    )


def _moves(plan: Detail) -> str:
    """How the traffic moves."""
    rollout, strategy = part(plan, "rollout"), word(plan, "strategy", "all_at_once")
    wait, bake = (_time(rollout, key) for key in ("wait", "bake"))
    size = number(rollout.get("size")) or 10
    amount = f"{size:g} instances" if rollout.get("unit") == "instances" else f"{size:g} % of it"
    if strategy == "canary":
        return f"a canary of {amount} for {wait}, then all of the traffic, watched for {bake} more."
    if strategy == "linear":
        return f"the traffic moves in steps of {amount}, {wait} apart, and is watched for {bake} more."
    if strategy == "rolling":
        return f"its instances are replaced in batches of {amount}, {wait} apart."
    return f"all traffic at once, watched for {bake}."


def _watch(plan: Detail) -> str:
    """What takes it back."""
    rollout = part(plan, "rollout")
    errors, latency = number(rollout.get("max_errors")), number(rollout.get("max_latency"))
    causes = [f"more than {errors:g} % of its calls fail (5XX)"] if errors is not None else []
    causes += [f"nine of ten answers take longer than {latency:g} ms"] if latency is not None else []
    causes += [f"alarm {name} rings" for name in lines(rollout, "alarms")]
    if (number(plan.get("variants")) or 0) > 1:
        return "Where the variants' names change, AWS moves everything at once and watches no alarm."
    return f"It is taken back by itself if {' or '.join(causes)} meanwhile." if causes else ""


def _time(rollout: Detail, key: str) -> str:
    seconds = number(rollout.get(key))
    return passages.duration(300 if seconds is None else seconds)


def monthly(d: Detail) -> str:
    """What the endpoint costs a month."""
    cost = part(d, "endpoint_cost")
    usd, parts, basis = part(cost, "usd"), lines(cost, "parts"), word(cost, "basis", "")
    least, most = number(usd.get("min")), number(usd.get("max"))
    why = "; ".join([*parts, *([basis] if basis else [])])
    if not cost or part(d, "deployment").get("enabled") is False or (most == 0 and not basis):
        return ""
    if least is None or most is None:
        return f"What the endpoint costs a month is not known{f' ({why})' if why else ''}."
    amount = f"${least:,.2f}" if least == most else f"${least:,.2f} to ${most:,.2f}"
    both = " While traffic moves, old and new instances are billed together." if part(d, "champion").get("live") else ""
    return f"The endpoint costs about {amount} a month ({why}).{both}"
