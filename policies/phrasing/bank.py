"""Phrase banks: data files of openers, cores and tails, put together without repeating.

A bank is a directory of YAML files. Each maps a key (an act, or an act with a qualifier such as
`disagreeing.emotional`) to `openers`, `cores` and `tails`, lists of templates
(`policies/phrasing/template.py`). Two files are something else: `fragments.yaml` (name → options)
and `voice.yaml` (how an age or a manner of speaking changes the words).
"""

import random
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from mirrorplay.personas.document import Marked, read_yaml
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import Frozen, Line, Unit
from mirrorplay.policies.phrasing.template import Template, parse

_HERE = Path(__file__).parent
BANK_A = _HERE / "bank_a"
BANKS: Mapping[str, Path] = {"a": BANK_A, "b": _HERE / "bank_b"}
"""The banks that come with the package: `a` was developed with coder and judge in sight, `b` apart
from them (for validation)."""
_T = TypeVar("_T")
FRAGMENTS_FILE, VOICE_FILE = "fragments.yaml", "voice.yaml"


class Entry(Frozen):
    """Templates for one act. An empty list of openers or tails adds nothing."""

    openers: tuple[Line, ...] = ()
    cores: tuple[Line, ...]
    tails: tuple[Line, ...] = ()
    opener_rate: Unit = 0.4
    tail_rate: Unit = 0.3


class Voice(Frozen):
    """What changes in the words of people of an age and a formality.

    openers and tails are whole words before and after an utterance, `words` maps a word or phrase
    (lower case) to what these people say for it.
    """

    ages: tuple[int, int] = (0, 200)
    """Youngest and oldest, years."""
    formality: tuple[Unit, Unit] = (0.0, 1.0)
    openers: tuple[Line, ...] = ()
    tails: tuple[Line, ...] = ()
    words: dict[Line, tuple[Line, ...]] = Field(default_factory=dict)

    def speaks(self, age: int | None, formality: float) -> bool:
        """Whether this is the voice of such a person; an unknown age has no voice of its own."""
        low, high = self.formality
        known = self.ages[0] <= age <= self.ages[1] if age is not None else self.ages == (0, 200)
        return known and low <= formality <= high


@dataclass(frozen=True, slots=True)
class _Parts:
    openers: tuple[Template, ...]
    cores: tuple[Template, ...]
    tails: tuple[Template, ...]
    opener_rate: float
    tail_rate: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """A realised utterance, the ids of the templates in it and the slots that were filled."""

    text: str
    ids: tuple[str, ...]
    slots: frozenset[str] = frozenset()


class Bank:
    """All templates of a directory. Raises UserError for a file that is not a bank."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._entries: dict[str, _Parts] = {}
        files = [f for f in sorted(directory.glob("*.yaml")) if f.name not in _OTHER_FILES]
        if not files:
            raise UserError(f"no phrase files (*.yaml) in {str(directory)!r}")
        fragments = _fragments(directory / FRAGMENTS_FILE)
        self.voices = _voices(directory / VOICE_FILE)
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
        return (*parts.openers, *parts.cores, *parts.tails)

    def realise(
        self,
        keys: Sequence[str],
        slots: Mapping[str, str | None],
        used: Collection[str],
        rng: random.Random,
        *,
        terse: bool = False,
    ) -> Phrase:
        """An utterance for the first of `keys` that has a fresh core; when all cores were used, the
        least recently used core of the first key with any. `terse` leaves opener and tail out.

        Raises LookupError when no key has a core whose slots are filled: a bank must hold for every
        act at least one core without slots.
        """
        present = frozenset(name for name, value in slots.items() if value)
        stale: tuple[_Parts, Template] | None = None
        for key in keys:
            parts = self._entries.get(key)
            if parts is None:
                continue
            fitting = [t for t in parts.cores if t.fits(present)]
            fresh = [t for t in fitting if t.id not in used]
            if fresh:
                return self._join(parts, rng.choice(fresh), slots, present, used, rng, terse)
            if fitting and stale is None:
                order = {identifier: i for i, identifier in enumerate(used)}
                stale = parts, min(fitting, key=lambda t: order.get(t.id, -1))
        if stale is None:
            raise LookupError(f"no phrase for {', '.join(keys)} with slots {sorted(present)}")
        return self._join(*stale, slots, present, used, rng, terse)

    def _join(
        self,
        parts: _Parts,
        core: Template,
        slots: Mapping[str, str | None],
        present: frozenset[str],
        used: Collection[str],
        rng: random.Random,
        terse: bool,
    ) -> Phrase:
        chosen = [core]
        with_opener, with_tail = rng.random() < parts.opener_rate, rng.random() < parts.tail_rate
        if not terse:
            for pool, wanted, at in ((parts.openers, with_opener, 0), (parts.tails, with_tail, 2)):
                fresh = [t for t in pool if t.id not in used and t.fits(present)]
                if fresh and wanted:
                    chosen.insert(at, rng.choice(fresh))
        said = [template.say(slots, present, rng) for template in chosen]
        text = " ".join(words for words, _ in said)
        filled = frozenset[str]().union(*(slots_in for _, slots_in in said))
        return Phrase(sentence(text), tuple(template.id for template in chosen), filled)


def sentence(text: str) -> str:
    """Start with a capital, one space between words, none before a comma, no doubled full stop."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r" (?=[,.;:?!](?:\s|$))", "", text)
    text = re.sub(r"([.!?])\.(?=\s|$)", r"\1", text)
    return re.sub(r"(^|[.!?…]\s+)([a-z])", lambda m: m[1] + m[2].upper(), text)


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


_OTHER_FILES = (FRAGMENTS_FILE, VOICE_FILE)
_FRAGMENTS = TypeAdapter(dict[str, tuple[str, ...]])
_VOICES = TypeAdapter(tuple[Voice, ...])


def _fragments(file: Path) -> Mapping[str, tuple[str, ...]]:
    return _read(file, _FRAGMENTS, "name: [options]") if file.is_file() else {}


def _voices(file: Path) -> tuple[Voice, ...]:
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
) -> _Parts:
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

    return _Parts(
        templates("opener", entry.openers),
        templates("core", entry.cores),
        templates("tail", entry.tails),
        entry.opener_rate,
        entry.tail_rate,
    )
