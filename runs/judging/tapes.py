"""A stored session as a judge sees it, rebuilt from its row.

The variant decides what is shown, whoever judges: "words" are the words alone, "words+stage" adds
stage directions, "words+face" adds the images. Hidden state, intended acts, codes, expressions and
plans are not read from the disk at all; of the persona only the intake card is looked at.
"""

import json
from typing import Any

from mirrorplay.agents.judge import Variant
from mirrorplay.agents.roles import Image, ObservedLine, Transcript
from mirrorplay.personas.schema import IntakeCard

_MIMES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
_CARD = tuple(IntakeCard.model_fields)


def columns_for(variant: Variant) -> tuple[str, ...]:
    """The columns that a judge of this variant needs."""
    columns = ("session_id", "persona", "outcome", "turns.index", "turns.speaker", "turns.text")
    if variant == "words+stage":
        return (*columns, "turns.stage_direction")
    if variant == "words+face":
        return (*columns, "turns.face", "faces")
    return columns


def transcript_of(row: dict[str, Any], variant: Variant) -> Transcript:
    """The transcript of a row with the columns of `columns_for`."""
    intake = json.loads(row["persona"])["intake"]
    stage = variant == "words+stage"
    return Transcript(
        card=IntakeCard(**{name: intake.get(name) for name in _CARD}),
        lines=tuple(
            ObservedLine(
                turn["index"],
                turn["speaker"],
                turn["text"],
                turn["stage_direction"] if stage else None,
            )
            for turn in row["turns"]
        ),
        outcome=row["outcome"],
        faces=_faces(row) if variant == "words+face" else (),
    )


def _faces(row: dict[str, Any]) -> tuple[Image | None, ...]:
    """One image a client turn, None where there is none."""
    stored = row["faces"]
    return tuple(
        None if turn["face"] is None else image_of(stored[turn["face"]])
        for turn in row["turns"]
        if turn["speaker"] == "client"
    )


def image_of(stored: dict[str, Any]) -> Image:
    """A stored face. Raises UserError for bytes that are no picture."""
    # A third of a second to import, for the variant with faces alone.
    from mirrorplay.agents.faces.pictures import opened

    picture = opened(stored["bytes"])
    mime = _MIMES[stored["path"][stored["path"].rfind(".") :]]
    return Image(stored["bytes"], mime, picture.width, picture.height)
