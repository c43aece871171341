"""Phrase banks: data files of openers, cores and tails, put together without repeating.

A bank is a directory of YAML files. Each file maps a key (an act, or an act with a qualifier such
as `disagreeing.emotional`) to `openers`, `cores` and `tails`, lists of templates. A template's
slots are names in braces, `{topic}`; a template is used only when every slot it names has a value,
and values are put in as they are: braces inside a value stay text.
"""

import random
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Frozen, Line

_SLOT = re.compile(r"\{([a-z_]+)\}")
BANK_A = Path(__file__).parent / "bank_a"


class Entry(Frozen):
    """Templates for one act. An empty list of openers or tails adds nothing."""

    openers: tuple[Line, ...] = ()
    cores: tuple[Line, ...]
    tails: tuple[Line, ...] = ()
    opener_rate: float = 0.4
    tail_rate: float = 0.3


@dataclass(frozen=True, slots=True)
class Template:
    """One template, its id (`file/key/part/number`) and the slots it needs."""

    id: str
    text: str
    slots: frozenset[str]


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
        self._entries: dict[str, _Parts] = {}
        files = sorted(directory.glob("*.yaml"))
        if not files:
            raise UserError(f"no phrase files (*.yaml) in {str(directory)!r}")
        for file in files:
            document = read_yaml(file)
            if not isinstance(document.value, dict):
                raise UserError("not a mapping of acts to phrases", where=str(file))
            for key, raw in document.value.items():
                try:
                    entry = Entry.model_validate(raw)
                except ValidationError as error:
                    first = error.errors()[0]
                    raise UserError(
                        f"{key}: {first['msg']}", where=document.where((key, *first["loc"]))
                    ) from None
                if key in self._entries:
                    raise UserError(f"{key!r} is in two files", where=document.where((key,)))
                self._entries[key] = _Parts(
                    _templates(key, "opener", entry.openers),
                    _templates(key, "core", entry.cores),
                    _templates(key, "tail", entry.tails),
                    entry.opener_rate,
                    entry.tail_rate,
                )
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
        present = {name for name, value in slots.items() if value}
        stale: tuple[_Parts, Template] | None = None
        for key in keys:
            parts = self._entries.get(key)
            if parts is None:
                continue
            fitting = [t for t in parts.cores if t.slots <= present]
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
        present: set[str],
        used: Collection[str],
        rng: random.Random,
        terse: bool,
    ) -> Phrase:
        chosen = [core]
        with_opener, with_tail = rng.random() < parts.opener_rate, rng.random() < parts.tail_rate
        if not terse:
            for pool, wanted, at in ((parts.openers, with_opener, 0), (parts.tails, with_tail, 2)):
                fresh = [t for t in pool if t.slots <= present and t.id not in used]
                if fresh and wanted:
                    chosen.insert(at, rng.choice(fresh))
        text = " ".join(fill(template.text, slots) for template in chosen)
        filled = frozenset[str]().union(*(template.slots for template in chosen))
        return Phrase(sentence(text), tuple(template.id for template in chosen), filled)


def fill(template: str, slots: Mapping[str, str | None]) -> str:
    """Put values into `{slots}` in one pass, so that braces in a value are never read as slots."""
    return _SLOT.sub(lambda found: slots.get(found[1]) or found[0], template)


def sentence(text: str) -> str:
    """Start with a capital, one space between words, no doubled full stop."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"([.!?])\.(?=\s|$)", r"\1", text)
    return re.sub(r"(^|[.!?…]\s+)([a-z])", lambda m: m[1] + m[2].upper(), text)


def _templates(key: str, part: str, texts: Sequence[str]) -> tuple[Template, ...]:
    return tuple(
        Template(f"{key}/{part}/{i}", text, frozenset(_SLOT.findall(text)))
        for i, text in enumerate(texts)
    )


@lru_cache(maxsize=8)
def load_bank(directory: Path = BANK_A) -> Bank:
    """A bank, read once in each process."""
    return Bank(directory)
