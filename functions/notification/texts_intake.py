"""The words of intake's notices: about project.yaml, and about drops that started no run."""

from __future__ import annotations

import shlex

from notification import passages
from notification.findings import acceptance, described, refusing
from notification.words import Detail, Text, block, count, lines, number, part, things, word

EXAMPLE = "  algorithm: xgboost\n  target: -1        # the column to predict: its name, or its index (-1 is the last)"
CHECK = "dropforge project check project.yaml"
FORCE = """To train it once more all the same, name its files in a manifest that says so:

  # force: true
  my-data.csv

That makes a drop of its own, so the data need not be uploaded again."""
SAVE_MANIFEST = r"printf '# force: true\nmy-data.csv\n' > manifest.txt"
ROWS = 3
COLUMNS = 20


def project_invalid(d: Detail) -> Text:
    """A project.yaml was refused."""
    project, run, found = word(d, "project"), word(d, "run", ""), things(d, "problems")
    place = word(d, "file", f"{project}/project.yaml", 2_000)
    first = found[0] if found else {}
    headline = f"The project.yaml of {project} cannot be used. An earlier one that was valid stays in force."
    more = ""
    if run:  # valid by itself, but refused by a run
        headline = f"Run {run} of project {project} ended: its project.yaml does not fit what was dropped."
        more = "Upload the mended project.yaml, then drop the data again."
    misplaced = any(p.get("field") == "project" for p in found)
    upload = [CHECK, _upload(place)] if place.startswith("s3://") and not misplaced else []
    return Text(
        subject=f"{project}: project.yaml has {count(len(found), 'problem')}",
        headline=headline,
        severity="error",
        sms=f"Dropforge {project}: project.yaml: {word(first, 'field', '')} {word(first, 'reason', '')}",
        paragraphs=[f"In {place}:\n{passages.problems(found)}", more],
        commands=upload,
    )


def project_changed(d: Detail) -> Text | None:
    """A project.yaml is in force, and there is something to say about it."""
    project, found = word(d, "project"), things(d, "warnings")
    if not found:
        return None
    place = word(d, "file", f"{project}/project.yaml", 2_000)
    remarks = count(len(found), "remark")
    return Text(
        subject=f"{project}: project.yaml is in force, with {remarks}",
        headline=f"The project.yaml of {project} is in force, with {remarks}.",
        severity="info",
        sms=f"Dropforge {project}: project.yaml in force, {remarks}: {word(found[0], 'reason', '')}",
        paragraphs=[f"In {place}:\n{passages.problems(found)}", "Nothing has to be done: it holds as it is."],
        commands=[CHECK, _upload(place)] if place.startswith("s3://") else [],
    )


def project_missing(d: Detail) -> Text:
    """Data came for a project that has no valid project.yaml."""
    project, where = word(d, "project"), _where(d)
    place = f"{_bucket(d)}/{shlex.quote(project)}/project.yaml"
    proposal = block(d.get("proposal")).strip("\n")
    if proposal:
        how = "Its columns suggest the one below; look it over first."
    else:
        how = f"Two lines are enough:\n\n{EXAMPLE}"
    return Text(
        subject=f"{project}: your data waits for a project.yaml",
        headline=f"Data arrived under {where}, but project {project} has no valid project.yaml yet.",
        severity="warning",
        sms=f"Dropforge {project}: data arrived, but there is no valid project.yaml yet",
        paragraphs=[
            f"The data is kept; it is used as soon as one arrives. {how}",
            passages.bullets("How it was guessed:", lines(d, "proposal_notes")) if proposal else "",
            _seen(part(d, "head")),
            passages.quarantined(d),
            _profile_told(d),
            f"Save it as project.yaml and upload it to {place}.",
        ],
        commands=[*([_saved(proposal)] if proposal else []), CHECK, f"aws s3 cp project.yaml {place}", *_profile(d)],
    )


def drop_refused(d: Detail) -> Text:
    """A drop will not be used: its data is wrong, or what its manifest names never came."""
    project, reason = word(d, "project"), word(d, "reason", "no reason was given", 900)
    found, size = things(d, "findings"), passages.size(d)
    refused = refusing(found, reason)
    by_manifest = not refused and "manifest" in reason
    why = word(refused[0], "message") if refused else reason
    others = f" ({count(len(refused) - 1, 'more reason')} below)" if len(refused) > 1 else ""
    return Text(
        subject=f"{project}: the drop was refused",
        headline=f"Drop {word(d, 'drop')} of project {project} was refused; what is deployed did not change.",
        severity="error",
        sms=f"Dropforge {project}: drop refused: {why}",
        paragraphs=[
            f"Why: {why}{others}\nWhere: {_where(d)}" + (f" ({size})" if size else ""),
            described("What was found:", refused),
            described("Worth knowing besides, but no reason to refuse it:", [f for f in found if f not in refused]),
            passages.quarantined(d),
            acceptance(refused),
            _profile_told(d),
            _again(by_manifest=by_manifest),
        ],
        commands=[*_profile(d), *_drop_again(d, by_manifest=by_manifest)],
    )


def drop_ignored(d: Detail) -> Text:
    """A drop started no run."""
    project, earlier = word(d, "project"), word(d, "earlier_run", "")
    known = f"run {earlier} already has the same data, code and settings" if earlier else "nobody said why"
    reason = word(d, "reason", known)
    return Text(
        subject=f"{project}: the drop was ignored",
        headline=f"Drop {word(d, 'drop')} of project {project} started no run: {reason}.",
        severity="info",
        sms=f"Dropforge {project}: drop ignored: {reason}",
        paragraphs=["Change the data, the code or project.yaml for a new run.", FORCE if earlier else ""],
        commands=[SAVE_MANIFEST, f"aws s3 cp manifest.txt {_place(d)}manifest.txt"] if earlier else [],
    )


def _where(d: Detail) -> str:
    return "/".join(p for p in (word(d, "project"), word(d, "channel", ""), word(d, "folder", "", 1_024)) if p) + "/"


def _place(d: Detail) -> str:
    """A drop's folder in a command; what names no channel is about training data."""
    parts = (word(d, "project"), word(d, "channel", "train"), word(d, "folder", "", 1_024))
    return f"{_bucket(d)}/" + "".join(f"{shlex.quote(p)}/" for p in parts if p)


def _bucket(d: Detail) -> str:
    """The data bucket; as in the examples where the event does not name it."""
    bucket = word(d, "bucket", "")
    return f"s3://{shlex.quote(bucket)}" if bucket else "s3://$DATA_BUCKET"


def _upload(place: str) -> str:
    return f"aws s3 cp project.yaml {shlex.quote(place)}"


def _saved(proposal: str) -> str:
    """A shell command that writes the proposal as it is."""
    end = "YAML"
    while end in proposal.splitlines():
        end += "_"
    return f"cat > project.yaml <<'{end}'\n{proposal}\n{end}"


def _seen(head: Detail) -> str:
    """The columns and the first rows, as they were read."""
    names = lines(head, "columns")
    fields = int(number(head.get("fields")) or 0)
    more = f" … ({len(names)} in all)" if len(names) > COLUMNS else ""
    told = "Its columns: " + ", ".join(names[:COLUMNS]) + more if names else ""
    if not names and fields:
        told = f"{count(fields, 'column')}, without a header"
    found = head.get("rows")
    rows = [row for row in found if isinstance(row, list)][:ROWS] if isinstance(found, list) else []
    shown = [word({"row": ", ".join(str(v) for v in row[: 2 * COLUMNS])}, "row", "", 160) for row in rows]
    return "\n".join([p for p in (told, *(["Its first rows:"] if shown else [])) if p] + [f"  | {s}" for s in shown])


def _profile_told(d: Detail) -> str:
    return "Its profile page shows the data as it was read: get it as below and open it." if _profile(d) else ""


def _profile(d: Detail) -> list[str]:
    page = word(d, "profile_html", "", 2_000)
    return [f"aws s3 cp {shlex.quote(page)} ."] if page.startswith("s3://") else []


def _again(*, by_manifest: bool) -> str:
    if by_manifest:
        return "Upload what is missing, then the manifest once more. What is there already need not be uploaded again."
    return "To drop it again, upload all of its files, not only those that were mended: one drop is one set of files."


def _drop_again(d: Detail, *, by_manifest: bool) -> list[str]:
    place = _place(d)
    more = [f"aws s3 cp manifest.txt {place}manifest.txt"] if by_manifest else []
    return [f"aws s3 cp my-data/ {place} --recursive", *more]
