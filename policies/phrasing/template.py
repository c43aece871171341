"""Templates: the small grammar in which phrase banks are written.

`{topic}` is a slot, filled with a value as it stands: braces and brackets inside a value stay text.
`[often|most days|]` is a choice, one of its options, drawn evenly; an option whose slots have no
value is left out. `<when>` is a choice whose options stand in the bank's `fragments.yaml`. Choices
do not nest. A template can be used when every slot outside its choices has a value and every choice
has an option left.
"""

import random
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

_SLOT = re.compile(r"\{([a-z_]+)\}")
_PIECES = re.compile(r"\[([^\[\]]*)\]|<([a-z_]+)>")
_STRAY = re.compile(r"[\[\]<>|]")


@dataclass(frozen=True, slots=True)
class Option:
    """One way a choice can go."""

    text: str
    slots: frozenset[str]


@dataclass(frozen=True, slots=True)
class Template:
    """One template. `id` is `key/part/number`; `pieces` are text and choices in turn; `slots` are
    those that it cannot do without."""

    id: str
    text: str
    pieces: tuple[str | tuple[Option, ...], ...]
    slots: frozenset[str]

    @property
    def may_need(self) -> frozenset[str]:
        """Every slot in it, those of choices included."""
        options = (o.slots for piece in self.pieces if not isinstance(piece, str) for o in piece)
        return self.slots.union(*options)

    @property
    def words(self) -> int:
        """Words of its longest form; a slot counts as three."""
        longest = "".join(
            piece if isinstance(piece, str) else max((o.text for o in piece), key=len)
            for piece in self.pieces
        )
        return len(_SLOT.sub("a b c", longest).split())

    def fits(self, present: Collection[str]) -> bool:
        """Whether it can be said with these slots filled."""
        return self.slots <= _set(present) and all(
            isinstance(piece, str) or any(option.slots <= _set(present) for option in piece)
            for piece in self.pieces
        )

    def choose(self, present: frozenset[str], rng: random.Random) -> tuple[str, frozenset[str]]:
        """The words with every choice made and slots still open, and the slots in them."""
        if len(self.pieces) == 1 and isinstance(self.pieces[0], str):
            return self.pieces[0], self.slots
        spoken, filled = [], set(self.slots)
        for piece in self.pieces:
            if isinstance(piece, str):
                spoken.append(piece)
                continue
            open_options = [option for option in piece if option.slots <= present]
            option = open_options[int(rng.random() * len(open_options))]
            spoken.append(option.text)
            filled |= option.slots
        return "".join(spoken), frozenset(filled)

    def variants(self, present: Collection[str]) -> int:
        """In how many ways it can be said with these slots filled; a value counts once."""
        if not self.fits(present):
            return 0
        ways = 1
        for piece in self.pieces:
            if not isinstance(piece, str):
                ways *= len({option.text for option in piece if option.slots <= _set(present)})
        return ways


def parse(
    identifier: str, text: str, fragments: Mapping[str, Sequence[str]] | None = None
) -> Template:
    """A template. Raises ValueError for an unknown fragment, a choice inside a choice or a stray
    bracket, with words that say which."""
    pieces: list[str | tuple[Option, ...]] = []
    at = 0
    for found in _PIECES.finditer(text):
        _append(pieces, text[at : found.start()])
        at = found.end()
        if found[2] is not None:
            if fragments is None or found[2] not in fragments:
                raise ValueError(f"unknown fragment <{found[2]}>")
            options = tuple(fragments[found[2]])
        else:
            options = tuple(found[1].split("|"))
        if len(options) < 2:
            raise ValueError(f"a choice of one: {found[0]!r}")
        for option in options:
            _refuse_stray(option, bar=False)
        pieces.append(tuple(Option(o, frozenset(_SLOT.findall(o))) for o in options))
    _append(pieces, text[at:])
    fixed = (piece for piece in pieces if isinstance(piece, str))
    slots = frozenset[str]().union(*(_SLOT.findall(piece) for piece in fixed))
    return Template(identifier, text, tuple(pieces) or ("",), slots)


def fill(template: str, slots: Mapping[str, str | None]) -> str:
    """Put values into `{slots}` in one pass, so that braces in a value are never read as slots."""
    return _SLOT.sub(lambda found: slots.get(found[1]) or found[0], template)


def _append(pieces: list[str | tuple[Option, ...]], text: str) -> None:
    _refuse_stray(text)
    if text:
        pieces.append(text)


def _refuse_stray(text: str, *, bar: bool = True) -> None:
    stray = _STRAY.search(text)
    if stray and (bar or stray[0] != "|"):
        raise ValueError(f"stray {stray[0]!r}: choices are [a|b] and do not nest, fragments <name>")


def _set(names: Collection[str]) -> frozenset[str]:
    return names if isinstance(names, frozenset) else frozenset(names)
