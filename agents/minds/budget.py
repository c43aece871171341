"""Keeping a conversation within a model's context: old faces go first, then the oldest exchanges.

Tokens are counted approximately unless the model's own counter is given. The estimate is on the
safe side for English; an image counts as many tokens as the model makes of it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mirrorplay.agents.models.message import Message

Counter = Callable[[str], int]
CHARACTERS_A_TOKEN = 3.5
"""English text has about four characters to a token in current vocabularies."""
MESSAGE_TOKENS = 6
"""What a chat template puts around a message."""


def approximate(text: str) -> int:
    """Tokens of a text, rather too many than too few."""
    return math.ceil(len(text) / CHARACTERS_A_TOKEN)


@dataclass(frozen=True, slots=True)
class Budget:
    """`tokens` for the whole prompt, `image` for each picture, and how words are counted."""

    tokens: int = 6000
    image: int = 800
    count: Counter = approximate

    def of(self, messages: Sequence[Message]) -> int:
        """Tokens of the messages."""
        return sum(
            MESSAGE_TOKENS + self.count(message.text) + self.image * len(message.images)
            for message in messages
        )

    def fit(self, head: Sequence[Message], turns: Sequence[Message]) -> list[Message]:
        """Head and turns within the budget. `turns` alternate and end with the message to answer,
        which is always kept whole, as the head is. Dropped first: the oldest pictures, then the
        oldest turns two by two, so that the first is still the client's."""
        kept = list(turns)
        total = self.of([*head, *kept])
        for at, message in enumerate(kept[:-1]):
            if total <= self.tokens:
                break
            if message.images and message.text:
                kept[at] = Message(message.role, (message.text,))
                total -= self.image * len(message.images)
        while total > self.tokens and len(kept) > 2:
            total -= self.of(kept[:2])
            kept = kept[2:]
        return [*head, *kept]
