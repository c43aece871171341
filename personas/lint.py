"""What is wrong with a persona that is valid: gaps, impossibilities, facts called distortions.

An error makes a persona unfit for a collection that is to be published; a warning asks for a look.
Words looked for stand in `lint_words.yaml`. Spoken words are judged as they would be said.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.schema import Persona, Talk

Rule = Literal["missing", "impossible", "fact", "clinical", "crisis", "form", "twin", "type"]
"""missing: a gap in the formulation · impossible: fields that contradict · fact: a thought that is
no distortion · clinical: words no client says · crisis: risk spoken by one without any · form:
a phrase that does not fit its slot · twin: what a twin would leave untrue · type: two people who
say the same."""
Screen = Callable[[str], Sequence[object]]


class Finding(NamedTuple):
    """One thing to look at. `path` is the key path in the persona."""

    persona: str
    path: str
    rule: Rule
    message: str
    error: bool = True


def lint(personas: Iterable[Persona], screen: Screen | None = None) -> tuple[Finding, ...]:
    """Everything found, persona by persona. `screen` gives the crisis cues in a text."""
    people = list(personas)
    found = [
        finding
        for persona in people
        for rule in (_missing, _impossible, _facts, _clinical, _form, _twin)
        for finding in rule(persona)
    ]
    if screen is not None:
        found += chain.from_iterable(_crisis(persona, screen) for persona in people)
    return (*found, *_alike(people))


def spoken(persona: Persona) -> Iterator[tuple[str, str]]:
    """Key path and text of whatever the client may say aloud."""
    for name in Talk.model_fields:
        value = getattr(persona.talk, name)
        if isinstance(value, str):
            yield f"talk.{name}", value
    for matter, texts in persona.talk.answers.items():
        yield from ((f"talk.answers.{matter}", text) for text in texts)
    yield from ((f"memories.{memory.id}", memory.text) for memory in persona.memories)
    if persona.intake.reason:
        yield "intake.reason", persona.intake.reason


_MAY_LACK = frozenset({"intake.consent", "health.risk", "cbt"})
_GROUPS = ("intake", "problem", "beliefs", "evidence", "motivation", "health", "talk")
_MATTERS = 12
"""Matters a persona should answer in words of its own."""


def _missing(persona: Persona) -> Iterator[Finding]:
    def gap(path: str, message: str, error: bool = True) -> Finding:
        return Finding(persona.id, path, "missing", message, error)

    for group in _GROUPS:
        for name, value in getattr(persona, group):
            path = f"{group}.{name}"
            if path not in _MAY_LACK and value in (None, (), {}):
                yield gap(path, "is empty")
    if len(persona.episodes) < 2:
        yield gap("episodes", f"{len(persona.episodes)} of at least 2")
    for number, episode in enumerate(persona.episodes):
        for name, value in episode:
            if value is None:
                yield gap(f"episodes.{number}.{name}", "is empty")
    if persona.cbt is None or len(persona.cbt.steps) < 3:
        yield gap("cbt.steps", "a technique with at least 3 steps")
    if len(persona.memories) < 4:
        yield gap("memories", f"{len(persona.memories)} of at least 4")
    answered = len(persona.talk.answers)
    if 0 < answered < _MATTERS:
        yield gap("talk.answers", f"{answered} of at least {_MATTERS} matters", error=False)


_RETIRED, _GRADUATED, _DOCTORATE = 45, 19, 24
"""Ages below which a retirement, a finished degree and a doctorate are not believed."""
_PARENT_AT = 14
_CHILD = re.compile(
    r"\b(?:son|daughter|twin|boy|girl)s?\b[^.;]{0,40}?\b(\d{1,2})\b(?! (?:months|weeks|days))", re.I
)


def _impossible(persona: Persona) -> Iterator[Finding]:
    intake, profile, rules = persona.intake, persona.resistance, persona.twin

    def clash(path: str, message: str, error: bool = True) -> Finding:
        return Finding(persona.id, path, "impossible", message, error)

    if profile.type == "none" and profile.intensity > 0.3:
        yield clash("resistance.intensity", f"type none at intensity {profile.intensity:g}")
    if profile.type != "none" and profile.intensity < 0.2:
        yield clash("resistance.intensity", f"{profile.type} at intensity {profile.intensity:g}")
    thresholds = [memory.threshold for memory in persona.memories]
    if thresholds and (len(set(thresholds)) < len(thresholds) or min(thresholds) > 0.3):
        yield clash("memories", "thresholds repeat, or none is within reach at the start")
    if len({memory.id for memory in persona.memories}) < len(persona.memories):
        yield clash("memories", "two have the same id")
    age = intake.age
    if age is None:
        return
    if age < 18 and intake.consent is None:
        yield clash("intake.consent", f"is missing at {age}")
    if age >= 18 and intake.consent is not None:
        yield clash("intake.consent", f"a guardian at {age}")
    if age < 18 and persona.motivation.referral in ("employer", "partner"):
        yield clash("motivation.referral", f"{persona.motivation.referral} at {age}", error=False)
    work, schooling = (intake.occupation or "").lower(), (intake.education or "").lower()
    if re.search(r"\bretired\b", work) and age < _RETIRED:
        yield clash("intake.occupation", f"retired at {age}")
    if re.search(r"\b(?:phd|doctorate)\b", schooling) and age < _DOCTORATE:
        yield clash("intake.education", f"a doctorate at {age}", error=False)
    if re.search(r"\b(?:bachelor|master)'?s?\b", schooling) and age < _GRADUATED:
        yield clash("intake.education", f"a degree at {age}", error=False)
    children = [int(found) for found in _CHILD.findall(intake.family or "")]
    if children and age - max(children) < _PARENT_AT:
        yield clash("intake.family", f"a child of {max(children)} at {age}", error=False)
    if rules.ages is not None and not rules.ages[0] <= age <= rules.ages[1]:
        yield clash("twin.ages", f"leave out the persona's own age, {age}")
    if intake.gender == "woman" and persona.appearance.beard not in (None, "none"):
        yield clash("appearance.beard", f"{persona.appearance.beard} for a woman", error=False)


def _facts(persona: Persona) -> Iterator[Finding]:
    """Discrimination, poverty and violence happen: a thought that says so is no distortion."""
    thoughts = [(f"episodes.{n}.thought", e.thought) for n, e in enumerate(persona.episodes)]
    beliefs = [(f"beliefs.core.{n}", belief.text) for n, belief in enumerate(persona.beliefs.core)]
    for path, text in (*thoughts, *beliefs, ("talk.thought", persona.talk.thought)):
        for kind, pattern in _words()["facts"].items():
            found = pattern.search((text or "").lower())
            if found:
                yield Finding(
                    persona.id,
                    path,
                    "fact",
                    f"{found[0]!r} may be {kind}, not a distortion: "
                    "it belongs into evidence.true_part",
                )


def _clinical(persona: Persona) -> Iterator[Finding]:
    for path, text in spoken(persona):
        found = _words()["clinical"].search(text.lower())
        if found:
            yield Finding(persona.id, path, "clinical", f"no client says {found[0]!r}")


def _crisis(persona: Persona, screen: Screen) -> Iterator[Finding]:
    if persona.health.risk:
        return
    for path, text in spoken(persona):
        if screen(text):
            yield Finding(persona.id, path, "crisis", f"would end every session: {text!r}")


_FORMS: tuple[tuple[str, str, str], ...] = (
    ("avoidance", r"(?:not )?[a-z]+ing\b", "a gerund phrase: 'leaving the emails unread'"),
    (
        "step",
        r"(?!(?:to|I|just|(?!(?:br|r|s|sw|cl)ing\b)[a-z]+ing)\b)[a-z]+\b",
        "a bare verb phrase: 'open one email'",
    ),
    ("feeling", r"[\w' -]{2,30}$", "one adjective"),
)
_NO_STOP = (
    *("topic", "person", "thought", "feeling", "avoidance", "step"),
    *("reason_for", "reason_against", "counter_evidence"),
)
_SENTENCES = ("good_point", "aside")
_STOPS = (".", "?", "!", "…")
_CAPITAL = re.compile(r"['\"‘“]?[A-Z0-9]")
_LONG = 22
"""Words beyond which nobody answers in one go."""


def _form(persona: Persona) -> Iterator[Finding]:
    def misfit(name: str, message: str, error: bool = True) -> Finding:
        return Finding(persona.id, f"talk.{name}", "form", message, error)

    talk = persona.talk
    for name, pattern, wanted in _FORMS:
        value = getattr(talk, name)
        if value and not re.match(pattern, value):
            yield misfit(name, f"{value!r} is not {wanted}")
    for name in _NO_STOP:
        if (getattr(talk, name) or "a")[-1] in ".!?,;":
            yield misfit(name, "ends in a full stop: it goes inside a sentence")
    for name in _SENTENCES:
        value = getattr(talk, name)
        if value and not (value[-1] in ".?!" and value[0].isupper()):
            yield misfit(name, "is not a whole sentence")
    for matter, texts in talk.answers.items():
        for text in texts:
            if text.rstrip("'\"’”")[-1:] not in _STOPS or not _CAPITAL.match(text):
                yield misfit(f"answers.{matter}", f"is not a whole utterance: {text!r}")
            if len(text.split()) > _LONG:
                yield misfit(f"answers.{matter}", f"more than {_LONG} words: {text!r}", error=False)


_PRONOUN = re.compile(r"\b(?:he|she|him|her|his|hers|himself|herself)\b", re.I)
_NAMED = re.compile(r"(?<=[\w,;:)] )[A-Z][a-z]+\b")
_NOTES = re.compile(
    r"(?:problem|motivation|health|evidence|beliefs\.strategies)\b"
    r"|episodes\.\d+\.(?:situation|body|behavior|consequence)"
    r"|intake\.(?:family|education|occupation|culture)"
)
"""Fields written about the client, not in the client's words."""


def _twin(persona: Persona) -> Iterator[Finding]:
    """Pronouns that stand for the client: a twin of another gender would leave them untrue."""
    if persona.source.kind != "mirrorplay":
        return
    for path, text in _texts(persona):
        pronoun = _PRONOUN.search(text) if _NOTES.match(path) else None
        if pronoun and not _someone_before(text[: pronoun.start()], text):
            message = f"{pronoun[0]!r} seems to be the client: {text[:80]!r}"
            yield Finding(persona.id, path, "twin", message, error=False)


def _someone_before(before: str, text: str) -> bool:
    first = text.split(maxsplit=1)[0].strip("',\"“")
    known = bool(_words()["people"].search(before.lower())) or bool(_NAMED.search(before))
    return known or (first.istitle() and len(before) > len(first) and first not in _STARTERS)


_STARTERS = frozenset(
    ("The", "A", "An", "In", "On", "At", "When", "After", "Before", "If", "That", "This", "It")
)


def _texts(persona: Persona) -> Iterator[tuple[str, str]]:
    """Key path and text of every text but the intake card's own name and the source."""

    def walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            for key, one in value.items():
                yield from walk(f"{path}.{key}" if path else str(key), one)
        elif isinstance(value, list | tuple):
            for number, one in enumerate(value):
                yield from walk(f"{path}.{number}", one)

    return walk("", persona.model_dump(exclude={"id", "source", "twin", "twin_of", "variants"}))


def _alike(people: Sequence[Persona]) -> Iterator[Finding]:
    """The same spoken sentence in two people's mouths."""
    heard: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for persona in people:
        if persona.twin_of is None:
            for path, text in spoken(persona):
                if path != "talk.feeling":
                    heard[text.lower().strip(" .!?")].append((persona.id, path))
    for text, where in heard.items():
        others = sorted({identifier for identifier, _ in where})
        if len(others) > 1 and len(text.split()) > 2:
            identifier, path = where[0]
            message = f"{text!r} is also said by {', '.join(o for o in others if o != identifier)}"
            yield Finding(identifier, path, "type", message, error=False)


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    data = read_yaml(Path(__file__).with_name("lint_words.yaml")).value

    def pattern(words: Sequence[str]) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{'|'.join(words)})")

    return {
        "facts": {kind: pattern(words) for kind, words in data["facts"].items()},
        "clinical": pattern(data["clinical"]),
        "people": re.compile(rf"\b(?:{'|'.join(data['people'])})\b"),
    }
