"""Experiment's decisions: is the live endpoint what was evaluated?"""

from __future__ import annotations

from experiment.models import DecideVerification, Experiment

NO_SAMPLE = (
    "the run kept no rows to ask the endpoint: none were held out, or its model answers a row differently each time"
)


def decide_verification(facts: DecideVerification) -> Experiment:
    """Passed if every row was answered as it was when the model was evaluated."""
    found = facts.verification
    figures = found.model_dump(exclude={"sampled"}) | {"version": facts.version, "variant": facts.variant}
    if not found.sampled:
        return Experiment(decision="skipped", reason=NO_SAMPLE, figures=figures)
    who = f"the live endpoint {facts.endpoint}" + (f" (variant {facts.variant})" if facts.variant else "")
    if found.error is not None:
        said = f"{found.error['code']}: {found.error['message']}"
        return Experiment(decision="failed", reason=f"{who} gave no answer to held-out rows: {said}", figures=figures)
    if found.answered != found.rows:
        reason = f"{who} gave {found.answered} answers to {found.rows} held-out rows"
        return Experiment(decision="failed", reason=reason, figures=figures)
    if found.different:
        first = found.examples[0]
        reason = (
            f"{who} answers {found.different} of {found.rows} held-out rows otherwise than the evaluated model: "
            f"row {first['row']} is {first['answered']}, and was {first['evaluated']}"
        )
        return Experiment(decision="failed", reason=reason, figures=figures)
    reason = f"{who} answered {found.rows} held-out rows as when the model was evaluated"
    return Experiment(decision="passed", reason=reason, figures=figures)
