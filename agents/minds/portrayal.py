"""What a model that words a client is told: an intent in plain words, without a number.

The wordings stand in `agents/prompts/client/words.yaml`; the persona's own texts are fenced.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from mirrorplay.agents.prompts.catalogue import FOLDER, fence, plain
from mirrorplay.agents.psyche import Intent
from mirrorplay.agents.roles import ClientScene
from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Episode, Idiolect, Persona
from mirrorplay.policies.acts import CLIENT_ACTS
from mirrorplay.policies.state import ClientState

WORDS_FILE = FOLDER / "client" / "words.yaml"
MASKS_FROM = 0.5
"""Masking from which the words are told to hide (H)."""
HURTS_FROM = 0.35
"""Distress from which there is something to hide (H)."""
_MOST = 2
"""Entries of a persona's lists that go into a prompt."""


@lru_cache(maxsize=1)
def wordings() -> Mapping[str, Any]:
    """The word list, read once. Raises UserError unless every act has words."""
    words: Mapping[str, Any] = read_yaml(WORDS_FILE).value
    if set(words["acts"]) != set(CLIENT_ACTS):
        raise UserError(
            "not every client act has words", where=str(WORDS_FILE), allowed=CLIENT_ACTS
        )
    return words


def banded(bands: Sequence[Mapping[str, Any]], value: float) -> str:
    """What the band that holds the value says; empty when none does."""
    for band in bands:
        if band.get("from", 0.0) <= value < band.get("below", float("inf")):
            return str(band["say"])
    return ""


def act_words(intent: Intent, opening: bool) -> str:
    """What the client does with this turn."""
    words = wordings()
    if intent.leaving:
        return str(words["leaving"])
    act = str(words["acts"][intent.act])
    if not opening:
        return act
    # Nothing has been asked yet.
    return str(words["opening"]) if intent.act == "answering" else f"{words['opening']} {act}"


def attitude(scene: ClientScene, state: ClientState) -> str:
    """How it is for the client, a sentence a line."""
    words = wordings()
    numbers = state.model_dump()
    said = [banded([band], numbers[band["state"]]) for band in words["attitude"]]
    if scene.profile.masking >= MASKS_FROM and state.distress >= HURTS_FROM:
        said.append(str(words["masking"]))
    thought = scene.persona.talk.thought or next(
        (episode.thought for episode in scene.persona.episodes if episode.thought), None
    )
    if thought:
        said.append(banded(words["conviction"], state.conviction) + fence(thought, "thought"))
    return "\n".join(f"- {one}" for one in said if one)


def telling(scene: ClientScene, intent: Intent) -> str:
    """The memory that is told now and those told before; nothing that trust does not allow."""
    told = [memory.text for memory in scene.persona.memories if memory.id in scene.disclosed]
    parts = []
    if intent.telling:
        parts.append("Tell this now, in your own words:\n" + fence(intent.telling.text, "memory"))
    if told:
        parts.append("You have told this already:\n" + fence("\n".join(told), "told"))
    return "".join(f"\n{part}" for part in parts)


def length(intent: Intent, idiolect: Idiolect) -> str:
    """How long the answer is."""
    return str(wordings()["briefly"]) if intent.act == "minimum_talk" else usual_length(idiolect)


def usual_length(idiolect: Idiolect) -> str:
    """How long this client's answers are."""
    return banded(wordings()["length"], idiolect.verbosity)


def voice(idiolect: Idiolect) -> str:
    """Register and fillers."""
    said = [banded(wordings()["register"], idiolect.formality)]
    if idiolect.fillers:
        fillers = ", ".join(f'"{plain(filler)}"' for filler in idiolect.fillers)
        said.append(f"Now and then, not each time: {fillers}.")
    return " ".join(said)


def person(persona: Persona, disclosed: Collection[str] = ()) -> str:
    """The client's facts as the client would know them, fenced. Left out: memories, what overlaps
    with one that is not in `disclosed` (ids), core beliefs and rules, the name of the thinking
    error, risk, and how they resist."""
    withheld = [_content(one.text) for one in persona.memories if one.id not in disclosed]
    facts = _facts(persona, lambda text: not any(_same(_content(text), one) for one in withheld))
    return fence("\n".join(facts), "person")


def whole_person(persona: Persona) -> str:
    """The same for somebody who writes the client's whole session: with what is told late."""
    facts = [*_facts(persona, lambda _: True)]
    memories = sorted(persona.memories, key=lambda memory: memory.threshold)
    facts += [f"Told only to somebody who has earned it: {memory.text}" for memory in memories]
    return fence("\n".join(facts), "person")


_WORD = re.compile(r"[a-z]{4,}")
_COMMON = frozenset(
    (
        *("about", "after", "again", "always", "another", "anything", "because", "been", "before"),
        *("didn", "does", "doesn", "don", "even", "every", "everybody", "from", "have", "into"),
        *("just", "know", "like", "more", "much", "never", "nobody", "nothing", "once", "only"),
        *("other", "over", "said", "same", "says", "should", "some", "something", "still", "than"),
        *("that", "their", "them", "then", "there", "they", "thing", "think", "this", "thought"),
        *("told", "very", "wasn", "went", "were", "what", "when", "which", "with", "without"),
        *("would", "your"),
    )
)
SAME_FROM = 0.35
"""Share of the shorter text's content words from which two tell the same (H)."""


def _content(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower())) - _COMMON


def _same(one: frozenset[str], other: frozenset[str]) -> bool:
    shorter = min(len(one), len(other))
    shared = len(one & other)
    return shared >= 2 and shared >= SAME_FROM * shorter


def _facts(persona: Persona, may: Callable[[str], bool]) -> Iterator[str]:
    intake, motives = persona.intake, persona.motivation
    named = {
        "Name": intake.name,
        "Age": intake.age,
        "Gender": intake.gender,
        "Work": intake.occupation,
        "Family": intake.family,
        "Background": intake.culture,
        "Why you came": intake.reason,
        "What is going on": persona.problem.presenting,
        "What set it off": persona.problem.precipitating,
    }
    # The therapist has read the reason: it is no secret, whatever else tells it.
    free = ("Name", "Age", "Gender", "Work", "Why you came")
    for name, value in named.items():
        if value is not None and (name in free or may(str(value))):
            yield f"{name}: {value}"
    episodes = [told for one in persona.episodes if may(told := _told(one))]
    yield from (f"It happened: {told}" for told in episodes[:_MOST])
    lists = {
        "You would like": motives.goals,
        "What speaks for changing something": motives.reasons_for_change,
        "What speaks against it": motives.reasons_against_change,
    }
    for name, values in lists.items():
        known = [value for value in values if may(value)]
        if known:
            yield f"{name}: {' / '.join(known[:_MOST])}"
    rest = {
        "What is true in how you see it": persona.evidence.true_part,
        "Earlier help": motives.earlier_therapy,
        "What you expect here": motives.expectations,
    }
    yield from (f"{name}: {value}" for name, value in rest.items() if value and may(value))


def _told(episode: Episode) -> str:
    parts = [episode.situation]
    if episode.thought:
        parts.append(f"Your thought: {episode.thought}")
    if episode.emotion:
        parts.append(f"You felt: {episode.emotion}.")
    if episode.behavior:
        parts.append(f"What you did: {episode.behavior}")
    return " ".join(parts)
