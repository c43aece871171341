"""A perceiver played by a vision-language model: the picture alone, and nothing about whose it is.

What the model writes about the face is kept as the caption and read back into action units, gaze
and head (`policies/display.py`). Valence and arousal are the model's own where it gives them, else
what the units amount to.
"""

import re

from mirrorplay.agents.minds.reading import seed_from
from mirrorplay.agents.models.bill import tell
from mirrorplay.agents.models.message import Message, user
from mirrorplay.agents.models.mind import Mind, Unreadable
from mirrorplay.agents.prompts.catalogue import prompt
from mirrorplay.agents.roles import Image
from mirrorplay.policies.expression import Perception, parse_display
from mirrorplay.policies.percept import percept

CAPTION_LIMIT = 400
"""Characters of a caption that are kept."""
_ROW = re.compile(
    r"^[\s*_#>-]*(face|valence|arousal|reading)[\s*_]*:[\s*_]*(.*?)[\s*_]*$", re.I | re.M
)
_NUMBER = re.compile(r"[-+\u2212]?\d*\.?\d+")


class ModelPerceiver:
    """Looks with a model. A picture whose description was refused or could not be read gives None:
    nothing was seen, and nothing is passed on."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind

    async def look(self, image: Image) -> Perception | None:
        answer = await self._mind.ask(
            perceiver_messages(image),
            seed=seed_from(image.sha256),
            read=read_perception,
            optional=True,
        )
        tell(answer.usage)
        return answer.value


def perceiver_messages(image: Image) -> list[Message]:
    """The picture and what to write about it."""
    return [user(image, prompt("perceiver/look").render())]


def read_perception(text: str) -> Perception:
    """Four labelled lines. Raises Unreadable without a line "Face:"."""
    rows = {found[1].lower(): found[2] for found in _ROW.finditer(text)}
    face = " ".join(rows.get("face", "").split())[:CAPTION_LIMIT].rstrip(" .;")
    if not face:
        raise Unreadable('there is no line "Face: …"')
    seen = parse_display(face)
    measured = percept(seen)
    valence, arousal = _signed(rows.get("valence")), _signed(rows.get("arousal"))
    reading = " ".join(rows.get("reading", "").split())[:CAPTION_LIMIT].rstrip(" .;")
    return measured.model_copy(
        update={
            "valence": measured.valence if valence is None else valence,
            "arousal": measured.arousal if arousal is None else arousal,
            "caption": f"{face}; {reading}" if reading else face,
        }
    )


def _signed(written: str | None) -> float | None:
    """A number in [-1, 1]; anything else is no number."""
    found = _NUMBER.search(written or "")
    value = float(found[0].replace("\u2212", "-")) if found else None
    return value if value is not None and -1.0 <= value <= 1.0 else None
