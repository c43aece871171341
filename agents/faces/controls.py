"""Faces that are not the client's: negative controls for arms that look.

If looking helps because the face tells something, it must not help when the face tells nothing
(`BlankArtist`), something at random (`ShuffledArtist`) or another person's story (`SwappedArtist`).
The last two draw from a deck, the expressions of an earlier run; the identity stays the client's.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import pyvips

from mirrorplay.agents.faces.artist import PortraitArtist
from mirrorplay.agents.faces.raster import JPEG_QUALITY
from mirrorplay.agents.roles import Face, FaceAttempt, FaceBrief, Image
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.expression import Expression

Owner = tuple[str, str, int]
"""Persona, resistance type and replicate: whose session it was."""
Deck = Mapping[Owner, Sequence[Expression]]
"""The expressions of a run by session, in the order of the client's turns."""
BLANK_GREY = 200
"""Grey of a blank picture, 0–255."""


class BlankArtist:
    """The same grey square for everybody."""

    async def draw(self, brief: FaceBrief) -> Face:
        attempt = FaceAttempt(seed=brief.seed, scores={}, reasons=(), accepted=True)
        return Face(image=_blank(brief.size), attempts=(attempt,))


@lru_cache(maxsize=8)
def _blank(size: int) -> Image:
    grey = pyvips.Image.black(size, size, bands=3).new_from_image([BLANK_GREY] * 3)
    data = grey.cast("uchar").jpegsave_buffer(Q=JPEG_QUALITY, subsample_mode="on", keep="none")
    return Image(data=data, mime="image/jpeg", width=size, height=size)


class ShuffledArtist:
    """Any expression of any other session of the deck, drawn anew each turn: the same faces over
    the whole run, in an order that means nothing. Raises UserError for fewer than two sessions."""

    def __init__(self, deck: Deck) -> None:
        _check(deck)
        self._cards = [(owner, card) for owner in sorted(deck) for card in deck[owner]]
        self._portrait = PortraitArtist()

    async def draw(self, brief: FaceBrief) -> Face:
        rng, owner = random.Random(f"shuffled/{brief.seed}"), _owner(brief)
        while (drawn := rng.choice(self._cards))[0] == owner:
            pass
        return await self._portrait.draw(replace(brief, expression=drawn[1]))


class SwappedArtist:
    """The faces of one other session in their own order: another persona with the same resistance
    type and replicate, so that how often what is shown stays as it is. Raises UserError for fewer
    than two sessions."""

    def __init__(self, deck: Deck) -> None:
        _check(deck)
        self._deck = deck
        self._personas = sorted({persona for persona, _, _ in deck})
        self._portrait = PortraitArtist()

    async def draw(self, brief: FaceBrief) -> Face:
        cards = self._deck[self._partner(_owner(brief))]
        card = cards[min(brief.turn, len(cards) - 1)]
        return await self._portrait.draw(replace(brief, expression=card))

    def _partner(self, owner: Owner) -> Owner:
        """The next persona round the table who has such a session."""
        persona, resistance, replicate = owner
        others = self._personas
        start = others.index(persona) if persona in others else -1
        for step in range(1, len(others) + 1):
            found = (others[(start + step + replicate) % len(others)], resistance, replicate)
            if found in self._deck and found[0] != persona:
                return found
        return next(one for one in sorted(self._deck) if one != owner)


def _owner(brief: FaceBrief) -> Owner:
    return brief.persona_id, brief.resistance, brief.replicate


def _check(deck: Deck) -> None:
    if sum(bool(cards) for cards in deck.values()) < 2:
        raise UserError(
            "a deck needs faces of at least two sessions",
            where="face.deck",
            hint="name a finished run of the same clients",
        )
