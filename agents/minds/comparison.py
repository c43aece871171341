"""Which of two sessions has more of something, asked in both orders.

A model that goes by position prefers "first" twice: swapped, its two answers contradict each other,
and that is no preference.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel

from mirrorplay.agents.minds.reading import AsName, seed_from, summed
from mirrorplay.agents.minds.tape import observed_text
from mirrorplay.agents.models.message import Message, system, user
from mirrorplay.agents.models.mind import Form, Mind
from mirrorplay.agents.prompts.catalogue import prompt
from mirrorplay.agents.roles import Transcript, Usage
from mirrorplay.policies.instruments.item import Item

Preferred = Literal["a", "b", "neither"]


class PairAnswer(BaseModel):
    """One order's answer."""

    reason: str = ""
    more: Annotated[Literal["first", "second", "neither"], AsName]


_FORM = Form(PairAnswer)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`preferred` is None when an order was refused or could not be
    read. `consistent` is False when the two
    orders contradict each other, and then neither is preferred."""

    preferred: Preferred | None
    consistent: bool
    usage: Usage


async def compare(mind: Mind, a: Transcript, b: Transcript, item: Item) -> Comparison:
    """Ask for a before b and for b before a."""
    there = await _ask(mind, a, b, item)
    back = await _ask(mind, b, a, item)
    usage = summed([there[1], back[1]])
    if there[0] is None or back[0] is None:
        return Comparison(None, False, usage)
    ways: dict[str, Preferred] = {"first": "a", "second": "b", "neither": "neither"}
    swapped: dict[str, Preferred] = {"first": "b", "second": "a", "neither": "neither"}
    one, other = ways[there[0]], swapped[back[0]]
    if one == other:
        return Comparison(one, True, usage)
    return Comparison("neither", False, usage)


def pair_messages(first: Transcript, second: Transcript, item: Item) -> list[Message]:
    """Both tapes as data, words alone, and what is compared."""
    return [
        system(prompt("judge/system").render()),
        user(
            prompt("judge/pair").render(
                first=observed_text(first.lines),
                second=observed_text(second.lines),
                item=item.paraphrase,
            )
        ),
    ]


async def _ask(
    mind: Mind, first: Transcript, second: Transcript, item: Item
) -> tuple[str | None, Usage]:
    messages = pair_messages(first, second, item)
    answer = await mind.ask(
        messages,
        seed=seed_from(messages[-1].text),
        read=_FORM,
        optional=True,
    )
    return (answer.value.more if answer.value else None), answer.usage
