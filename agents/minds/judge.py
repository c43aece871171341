"""A judge played by a model: one call an item, typed by the item itself.

The rubric is the instrument's data (`policies/instruments`): range, direction and paraphrase make
the prompt and the pydantic type of the answer. Items that are counts of codes are left to coders;
items that are means of others are worked out from those. Each item can be asked several times, and
the median counts; what was refused or could not be read, and what the model says cannot be told,
is absent.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean, median
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, Field, create_model

from mirrorplay.agents.minds.reading import seed_from, summed
from mirrorplay.agents.minds.tape import observed_parts, observed_text
from mirrorplay.agents.models.message import Message, Part, system, user
from mirrorplay.agents.models.mind import Form, Mind
from mirrorplay.agents.prompts.catalogue import FOLDER, prompt
from mirrorplay.agents.roles import Scores, Transcript, Usage
from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.instruments.item import Instrument, Item, instrument_of
from mirrorplay.policies.instruments.rating import LEAST_MEAN
from mirrorplay.policies.instruments.score import Score
from mirrorplay.policies.instruments.tape import Variant

INSTRUMENTS = ("ctrs", "wai")
"""What MIRROR reports: six skills, and alliance as goal, task and bond."""
MOST_SAMPLES = 25
Result = TypeVar("Result")


class ItemAnswer(BaseModel):
    """What every item's answer has. `score` is typed by the item."""

    reason: str = ""
    evidence: tuple[int, ...] = ()
    score: int | None


@lru_cache(maxsize=256)
def answer_type(item: Item) -> type[ItemAnswer]:
    """The type of an answer to this item: a whole number on its scale, or null."""
    scale = Annotated[int, Field(ge=item.low, le=item.high)]
    name = f"{item.instrument}_{item.item}"
    return create_model(name, __base__=ItemAnswer, score=(scale | None, ...))


@lru_cache(maxsize=256)
def answer_form(item: Item) -> Form[ItemAnswer]:
    """The same as a form to be filled in."""
    return Form(answer_type(item))


@dataclass(frozen=True, slots=True)
class _Rated:
    value: float
    evidence: tuple[int, ...]


class ModelJudge:
    """Rates with a model.

    instruments: ids whose items are rated. variant: what it is shown; "words+face" attaches the
    pictures. samples: how often each item is asked, 1–25; odd numbers have a plain median. rater:
    its name in every score, the model's by default. Raises UserError for an unknown instrument, one
    without an item that can be judged, or a number of samples out of range.
    """

    def __init__(
        self,
        mind: Mind,
        instruments: Sequence[str] = INSTRUMENTS,
        variant: Variant = "words",
        samples: int = 1,
        rater: str | None = None,
    ) -> None:
        if variant not in get_args(Variant):
            raise UserError(
                f"{variant!r} is no variant", where="judge.variant", allowed=get_args(Variant)
            )
        if not 1 <= samples <= MOST_SAMPLES:
            raise UserError(
                f"{samples} samples", where="judge.samples", allowed=f"1 to {MOST_SAMPLES}"
            )
        chosen = [instrument_of(name) for name in dict.fromkeys(instruments)]
        for one in chosen:
            if not _asked(one):
                raise UserError(
                    f"{one.id!r} has no item that a judge can rate",
                    where="judge.instruments",
                    hint="its items are counts of codes: the scripted judge works them out",
                )
        self.rater = f"{rater or mind.spec.name}:{variant}"
        self.looks_at_faces = variant == "words+face"
        self._mind = mind
        self._instruments = chosen
        self._variant = variant
        self._samples = samples

    async def score(self, transcript: Transcript) -> Scores:
        asked = {(one.whole, item.item): item for one in self._instruments for item in _asked(one)}
        results = await _together([self._rate(item, transcript) for item in asked.values()])
        usages = [usage for _, found in results for usage in found]
        rated = {key: one for key, (one, _) in zip(asked, results, strict=True) if one is not None}
        scores: list[Score] = []
        for instrument in self._instruments:
            for item in instrument.items:
                found = _value(instrument, item, rated)
                if found is not None:
                    scores.append(
                        Score(
                            instrument=instrument.id,
                            item=item.item,
                            value=round(found.value, 6),
                            rater=self.rater,
                            evidence=found.evidence,
                        )
                    )
        return Scores(tuple(scores), summed(usages))

    async def _rate(self, item: Item, transcript: Transcript) -> tuple[_Rated | None, list[Usage]]:
        messages = judge_messages(transcript, item, self._variant)
        form = answer_form(item)
        answers = await _together(
            [
                self._mind.ask(
                    messages,
                    seed=seed_from(messages[-1].text, sample),
                    read=form,
                    optional=True,
                )
                for sample in range(self._samples)
            ]
        )
        read = [one.value for one in answers if one.value is not None]
        values = [one.score for one in read if one.score is not None]
        usages = [one.usage for one in answers]
        if len(values) * 2 < self._samples or not values:
            return None, usages
        known = {line.index for line in transcript.lines}
        evidence = {index for one in read for index in one.evidence} & known
        return _Rated(float(median(values)), tuple(sorted(evidence))), usages


def judge_messages(transcript: Transcript, item: Item, variant: Variant = "words") -> list[Message]:
    """What the model is given for one item. The tape comes first and is the same for all items, so
    that a server can keep what it has read of it."""
    question = item_text(item)
    tape: tuple[Part, ...]
    if variant == "words+face":
        *before, last = observed_parts(transcript.lines, transcript.faces)
        tape = (*before, f"{last}\n\n{question}")
    else:
        tape = (f"{observed_text(transcript.lines, variant == 'words+stage')}\n\n{question}",)
    return [system(prompt("judge/system").render()), user(*tape)]


def item_text(item: Item) -> str:
    """The question for one item."""
    scales = _scales()
    ends = scales["ends"][item.direction]
    return prompt("judge/item").render(
        item=item.paraphrase,
        whose=scales["whose"]["imputed" if item.imputed else "observed"],
        low=f"{item.low:g}",
        low_means=ends["low"],
        high=f"{item.high:g}",
        high_means=ends["high"],
    )


@lru_cache(maxsize=1)
def _scales() -> Mapping[str, Any]:
    table: Mapping[str, Any] = read_yaml(FOLDER / "judge" / "scales.yaml").value
    return table


def _asked(instrument: Instrument) -> list[Item]:
    """The items that are put to the model: those with a formula of their own, and those that a mean
    of the instrument rests on."""
    whole = {item.item: item for item in instrument_of(instrument.whole).items}
    names: dict[str, None] = {}
    for item in instrument.items:
        for name in item.mean_of or (item.item,):
            if whole[name].measure is None and not whole[name].mean_of:
                names[name] = None
    return [whole[name] for name in names]


def _value(
    instrument: Instrument, item: Item, rated: Mapping[tuple[str, str], _Rated]
) -> _Rated | None:
    if not item.mean_of:
        return rated.get((instrument.whole, item.item))
    found = [rated[key] for name in item.mean_of if (key := (instrument.whole, name)) in rated]
    if len(found) < LEAST_MEAN * len(item.mean_of):
        return None
    evidence = {index for one in found for index in one.evidence}
    return _Rated(fmean(one.value for one in found), tuple(sorted(evidence)))


async def _together(calls: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Results in order; when one fails the others are called off before its error goes on."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
