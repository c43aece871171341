"""The judge who rates a finished session by the formulas of `policies/instruments`.

It codes the words itself, with the measuring coder, so that a score says what its rater says,
whichever supervisor sat in. A rater's name tells what it was shown: "words" alone, "words+stage"
(stage directions count where the body does: withdrawal, affect, bond) or "words+face" (the images,
read by `eyes`). Variants are never mixed in one score.
"""

from collections.abc import Sequence
from dataclasses import replace

from mirrorplay.agents.roles import Perceiver, Scores, Transcript
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.coding.coder import code_tape
from mirrorplay.policies.facs import Perception
from mirrorplay.policies.instruments.item import instrument_of
from mirrorplay.policies.instruments.rating import rate, rater_of
from mirrorplay.policies.instruments.tape import VARIANTS, CodedLine, Variant

__all__ = ["VARIANTS", "ScriptedJudge", "Variant"]


class ScriptedJudge:
    """Behavioural scoring without a model.

    instruments: ids of `policies.instruments.item.instruments()`; all of them when None.
    eyes: who reads the faces; needed by "words+face" and by no other variant.
    Raises UserError for an unknown instrument or variant, or eyes that do not fit the variant.
    """

    rater = rater_of("words")
    looks_at_faces = False
    _instruments: tuple[str, ...] | None = None
    _variant: Variant = "words"
    _eyes: Perceiver | None = None

    def __init__(
        self,
        instruments: Sequence[str] | None = None,
        variant: Variant = "words",
        eyes: Perceiver | None = None,
    ) -> None:
        if variant not in VARIANTS:
            raise UserError(f"{variant!r} is no variant", where="variant", allowed=VARIANTS)
        if (variant == "words+face") != (eyes is not None):
            raise UserError(
                f"the variant {variant!r} {'without' if eyes is None else 'with'} eyes",
                where="eyes",
                hint="a perceiver goes with words+face and with nothing else",
            )
        for name in instruments or ():
            instrument_of(name)
        if instruments is not None:
            self._instruments = tuple(instruments)
        if variant != "words":
            self.rater = rater_of(variant)
            self._variant = variant
        if eyes is not None:
            self._eyes = eyes
            self.looks_at_faces = True

    async def score(self, transcript: Transcript) -> Scores:
        """Every score that what it looks at supports; what cannot be rated is absent."""
        coded = code_tape(transcript.lines)
        if self._variant == "words+stage":
            coded = tuple(
                replace(line, stage_direction=told.stage_direction)
                for line, told in zip(coded, transcript.lines, strict=True)
            )
        elif self._variant == "words+face":
            coded = await self._with_faces(coded, transcript)
        return Scores(scores=rate(coded, self._instruments, self._variant))

    async def _with_faces(
        self, coded: Sequence[CodedLine], transcript: Transcript
    ) -> tuple[CodedLine, ...]:
        """Faces belong to client turns in order; a turn beyond them, or with None, has no face."""
        faces = iter(transcript.faces)
        seen: list[CodedLine] = []
        for line in coded:
            image = next(faces, None) if line.speaker == "client" else None
            face: Perception | None = None
            if image is not None and self._eyes is not None:
                face = await self._eyes.look(image)
            seen.append(replace(line, face=face))
        return tuple(seen)
