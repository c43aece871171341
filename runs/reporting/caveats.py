"""What a report of simulated sessions can and cannot show."""

from mirrorplay.runs.reporting.document import Section, Text
from mirrorplay.runs.reporting.material import Material

WARNING = (
    "Simulated people, no clinical population. How these clients resist is a model’s assumption. "
    "Scores are imputed by an observer from the words. Not validated by clinicians."
)


def independence(m: Material) -> Section:
    """Against proving what one has put in."""
    bank = m.config.phrasing.bank
    shared = [
        "What holds by construction is an implementation check. Hidden states and intended acts "
        "stand under that heading, and predictions about them are marked.",
        "The client’s own appraisal of a reply and the measuring coder share no rules, weights or "
        "training transcripts, and a scripted therapist moves the client by its intended act and "
        "manner. But both were written by one project: that they agree is weak evidence.",
        "Scores use words alone unless a rater’s name says +stage or +face.",
    ]
    if bank == "a":
        shared.append(
            "This run speaks from phrase bank a, which the authors of coder and judge have read. "
            "Figures that are to be believed need bank b, or a bank from outside."
        )
    else:
        shared.append(f"This run speaks from phrase bank {bank}.")
    shared.append(
        "Intervals and tests say how far the result depends on which personas were drawn from "
        "this library. They say nothing about people."
    )
    return Section("Independence", tuple(Text(one) for one in shared))
