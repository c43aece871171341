"""Phrase banks: data files of openers, cores and tails, put together without repeating.

A bank is a directory of YAML files. Each maps a key (an act, or an act with a qualifier such as
`disagreeing.emotional`) to `openers`, `cores` and `tails`, lists of templates
(`policies/phrasing/template.py`). Two files are something else: `fragments.yaml` (name → options)
and `voice.yaml` (how an age or a manner of speaking changes the words).
"""

import random
import re
from bisect import bisect
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from mirrorplay.personas.document import Marked, read_yaml
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import Frozen, Line, Unit
from mirrorplay.policies.phrasing.template import Template, fill, parse
from mirrorplay.policies.phrasing.voice import Speech, Voice

_HERE = Path(__file__).parent
BANK_A = _HERE / "bank_a"
BANKS: Mapping[str, Path] = {"a": BANK_A, "b": _HERE / "bank_b"}
"""The banks that come with the package: `a` was developed with coder and judge in sight, `b` apart
from them (for validation)."""
SHORT_WORDS = 3
"""An utterance of at most this many words is short."""
_MOST_WEIGHT = 4.0
_T = TypeVar("_T")
FRAGMENTS_FILE, VOICE_FILE = "fragments.yaml", "voice.yaml"


class Entry(Frozen):
    """Templates for one act. An empty list of openers or tails adds nothing."""

    openers: tuple[Line, ...] = ()
    cores: tuple[Line, ...] = Field(min_length=1)
    tails: tuple[Line, ...] = ()
    opener_rate: Unit = 0.4
    tail_rate: Unit = 0.3


class _Pool:
    """Templates to draw from. One that can be said in many ways is drawn more often, with the
    square root of their number."""

    __slots__ = ("_heaped", "templates")

    def __init__(self, templates: Sequence[Template]) -> None:
        self.templates = tuple(templates)
        every = frozenset[str]().union(*(t.may_need for t in templates))
        weights = (min(_MOST_WEIGHT, t.variants(every) ** 0.5) for t in templates)
        self._heaped = list(accumulate(weights))

    def draw(
        self, present: frozenset[str], seen: Collection[str], rng: random.Random
    ) -> Template | None:
        """A template that fits and was not used, or None."""
        templates, heaped = self.templates, self._heaped
        if not templates:
            return None
        for _ in range(6):
            found = templates[bisect(heaped, rng.random() * heaped[-1])]
            if found.id not in seen and found.fits(present):
                return found
        left = [t for t in templates if t.id not in seen and t.fits(present)]
        return left[int(rng.random() * len(left))] if left else None


@dataclass(frozen=True, slots=True)
class Parts:
    """What stands under one key. Cores are kept whole, and apart by length."""

    openers: _Pool
    cores: _Pool
    short: _Pool
    long: _Pool
    tails: _Pool
    opener_rate: float
    tail_rate: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """An utterance, the ids of the templates in it (a core first or second) and its slots."""

    text: str
    ids: tuple[str, ...]
    slots: frozenset[str] = frozenset()


class Bank:
    """All templates of a directory. Raises UserError for a file that is not a bank."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._entries: dict[str, Parts] = {}
        self._speech: dict[tuple[int | None, float], Speech] = {}
        files = [f for f in sorted(directory.glob("*.yaml")) if f.name not in OTHER_FILES]
        if not files:
            raise UserError(f"no phrase files (*.yaml) in {str(directory)!r}")
        fragments = read_fragments(directory / FRAGMENTS_FILE)
        self.voices = read_voices(directory / VOICE_FILE)
        for file in files:
            document = read_yaml(file)
            if not isinstance(document.value, dict):
                raise UserError("not a mapping of acts to phrases", where=str(file))
            for key, raw in document.value.items():
                if key in self._entries:
                    raise UserError(f"{key!r} is in two files", where=document.where((key,)))
                self._entries[key] = _entry(document, key, raw, fragments)
        self._keys = frozenset(self._entries)

    @property
    def keys(self) -> frozenset[str]:
        return self._keys

    def templates(self, key: str) -> tuple[Template, ...]:
        """Every template of a key, for linting."""
        parts = self._entries[key]
        return tuple(
            t for pool in (parts.openers, parts.cores, parts.tails) for t in pool.templates
        )

    def parts(self, key: str) -> Parts:
        """Openers, cores and tails of a key."""
        return self._entries[key]

    def speech(self, age: int | None, formality: float) -> Speech:
        """How a person of this age and formality changes the words."""
        speech = self._speech.get((age, formality))
        if speech is None:
            speech = Speech.of(self.voices, age, formality)
            self._speech[age, formality] = speech
        return speech

    def realise(
        self,
        keys: Sequence[str],
        slots: Mapping[str, str | None],
        used: Collection[str],
        rng: random.Random,
        *,
        terse: bool = False,
        brief: bool | None = None,
    ) -> Phrase:
        """An utterance as `draw` finds it, with its slots filled."""
        drawn = self.draw(keys, slots, used, rng, terse=terse, brief=brief)
        return Phrase(sentence(fill(drawn.text, slots)), drawn.ids, drawn.slots)

    def draw(
        self,
        keys: Sequence[str],
        slots: Mapping[str, str | None],
        used: Collection[str],
        rng: random.Random,
        *,
        terse: bool = False,
        brief: bool | None = None,
    ) -> Phrase:
        """An utterance with open slots for the first of `keys` that has a fresh core; when all
        cores were used, the least recently used core of the first key with any. `terse` leaves
        opener and tail out; `brief` prefers cores of three words at most (True) or longer (False).

        Raises LookupError when no key has a core whose slots are filled: a bank must hold for every
        act at least one core without slots.
        """
        present = frozenset(name for name, value in slots.items() if value)
        seen = used if isinstance(used, set | frozenset | dict) else frozenset(used)
        for key in keys:
            parts = self._entries.get(key)
            if parts is None:
                continue
            core = None
            if brief is not None:
                pool = parts.short if brief else parts.long
                core = pool.draw(present, seen, rng)
            short = bool(brief and core)
            core = core or parts.cores.draw(present, seen, rng)
            if core is not None:
                return self._join(parts, core, present, seen, rng, terse or short)
        order = {identifier: i for i, identifier in enumerate(used)}
        for key in keys:
            parts = self._entries.get(key)
            fitting = [t for t in parts.cores.templates if t.fits(present)] if parts else []
            if parts and fitting:
                oldest = min(fitting, key=lambda t: order.get(t.id, -1))
                return self._join(parts, oldest, present, seen, rng, terse)
        raise LookupError(f"no phrase for {', '.join(keys)} with slots {sorted(present)}")

    def _join(
        self,
        parts: Parts,
        core: Template,
        present: frozenset[str],
        seen: Collection[str],
        rng: random.Random,
        terse: bool,
    ) -> Phrase:
        chosen = [core]
        with_opener, with_tail = rng.random() < parts.opener_rate, rng.random() < parts.tail_rate
        if not terse:
            for pool, wanted, at in ((parts.openers, with_opener, 0), (parts.tails, with_tail, 2)):
                part = pool.draw(present, seen, rng) if wanted else None
                if part is not None:
                    chosen.insert(at, part)
        said = [template.choose(present, rng) for template in chosen]
        text = _SPACED_CONTRACTION.sub("", " ".join(words for words, _ in said))
        filled = frozenset[str]().union(*(slots_in for _, slots_in in said))
        return Phrase(text, tuple(template.id for template in chosen), filled)


def sentence(text: str) -> str:
    """Start with a capital, one space between words, none before a comma, no doubled full stop, no
    capital of a sentence's start after a comma ("Well, The neighbours")."""
    text = _SPACES.sub(" ", text).strip()
    text = _SPACED_MARK.sub("", text)
    text = _DOUBLED_STOP.sub(r"\1", text)
    text = _CAPITAL_AFTER_COMMA.sub(lambda found: found[0].lower(), text)
    return _SENTENCE_START.sub(lambda found: found[1] + found[2].upper(), text)


_SPACED_CONTRACTION = re.compile(r" (?='(?:s|m|d|ll|re|ve)\b)")
_SPACES = re.compile(r"\s+")
_SPACED_MARK = re.compile(r" (?=[,.;:?!](?:\s|$))")
_DOUBLED_STOP = re.compile(r"([.!?])[.,](?=\s|$)")
_CAPITAL_AFTER_COMMA = re.compile(
    r"(?<=, )(?:The|A|An|It|It's|That|That's|They|They're|She|She's|He|He's|We|We're|My|There"
    r"|There's|This|When|If|Not|No|Nothing|Nobody|Somebody|Someone|Everybody|Everyone|Anything"
    r"|What|Which|Because|Being|Having|Getting|Two|Three|Just|Mostly)(?= )"
)
_SENTENCE_START = re.compile(r"(^'?|[.!?…]\s+'?)([a-z])")


def bank_directory(name: str) -> Path:
    """The directory of bank `a`, `b`, or one of the user's own. Raises UserError for neither."""
    path = BANKS.get(name, Path(name))
    if path.is_dir():
        return path
    raise UserError(
        f"no phrase bank {name!r}",
        where="phrasing.bank",
        allowed=f"{', '.join(BANKS)}, or a directory of phrase files",
        hint=nearest(name, BANKS),
    )


@lru_cache(maxsize=8)
def load_bank(directory: Path = BANK_A) -> Bank:
    """A bank, read once in each process."""
    return Bank(directory)


OTHER_FILES = (FRAGMENTS_FILE, VOICE_FILE)
_FRAGMENTS = TypeAdapter(dict[str, tuple[str, ...]])
_VOICES = TypeAdapter(tuple[Voice, ...])


def read_fragments(file: Path) -> dict[str, tuple[str, ...]]:
    """The choices that templates share; none where there is no file."""
    return _read(file, _FRAGMENTS, "name: [options]") if file.is_file() else {}


def read_voices(file: Path) -> tuple[Voice, ...]:
    """The voices of a bank; none where there is no file."""
    return _read(file, _VOICES, "a list of voices") if file.is_file() else ()


def _read(file: Path, adapter: TypeAdapter[_T], allowed: str) -> _T:
    document = read_yaml(file)
    try:
        return adapter.validate_python(document.value)
    except ValidationError as error:
        first = error.errors()[0]
        where = document.where(first["loc"])
        raise UserError(f"{first['msg']}", where=where, allowed=allowed) from None


def _entry(
    document: Marked, key: str, raw: object, fragments: Mapping[str, Sequence[str]]
) -> Parts:
    try:
        entry = Entry.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            f"{key}: {first['msg']}", where=document.where((key, *first["loc"]))
        ) from None

    def templates(part: str, texts: Sequence[str]) -> tuple[Template, ...]:
        made = []
        for number, text in enumerate(texts):
            try:
                made.append(parse(f"{key}/{part}/{number}", text, fragments))
            except ValueError as error:
                where = document.where((key, f"{part}s", number))
                raise UserError(f"{key}: {error}", where=where) from None
        return tuple(made)

    cores = templates("core", entry.cores)
    return Parts(
        _Pool(templates("opener", entry.openers)),
        _Pool(cores),
        _Pool([core for core in cores if core.words <= SHORT_WORDS]),
        _Pool([core for core in cores if core.words > SHORT_WORDS]),
        _Pool(templates("tail", entry.tails)),
        entry.opener_rate,
        entry.tail_rate,
    )
