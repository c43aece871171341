"""Phrases: how a screen's rules are written, and how they find words in a text.

A rule is a phrase over plain words, not a regular expression, so that a clinician can read it:

    i *2 <want> to? die !laughing

Words are compared after `Words` has made them plain: lower case, contractions written out ("I'm"
→ "i am", "gonna" → "going to"), hyphens gone, fillers ("just", "literally") dropped. So one phrase
holds for careful and careless writing alike.

| element | meaning |
| --- | --- |
| `a\\|b_c\\|<class>` | one of these; `_` joins words, a class is a named list of them |
| `a?` | may be missing |
| `*` `*5` | up to three (five) words, no punctuation, no "not" or "never" |
| `**` | up to twelve words or commas, inside the sentence |
| `***` | up to sixteen of anything, over sentences |
| `%` | a number in digits |
| `,` `.` | a pause, a sentence's end |
| `^` `$` | here a clause begins, ends (`$` also as one of several) |
| `a & b` | both, in either order, at most twelve words apart |
| `!a\\|b` `-a\\|b` | what may not follow, what may not stand before (first element only) |

A phrase is tried only on texts that hold one of its rarest necessary words, so that the cost of an
ordinary utterance does not grow with the number of rules. Gaps are bounded: no phrase can backtrack
without end.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import permutations

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*'?|[.!\u2026;:]+|\?+|[,\u2014\u2013()]")
_CURLY = str.maketrans({"’": "'", "‘": "'", "\u02bc": "'", "`": "'"})
_ENDINGS = {"'m": "am", "'re": "are", "'ve": "have", "'ll": "will", "'d": "would"}
_IS_WORDS = """
    he she it that there here what who where how when this everyone everybody nobody someone
    somebody
"""
_IS = frozenset(_IS_WORDS.split())
_COMMON_WORDS = """
    i you he she it we they me him her us them my your his our their the a an this that these those
    to of in on at by for with from up out off and or but so if as is am are was were be been being
    have has had do does did not no can could will would should about all what when like get got go
    going know think want one there who too more than then now because here 's say said says tell
    told thing things how some after before day time
"""
_COMMON = frozenset(_COMMON_WORDS.split())


class Words:
    """A text as plain tokens, each with the place it came from.

    spellings: what a written form stands for ("gonna": "going to"; "": dropped).
    """

    def __init__(self, spellings: Mapping[str, str]) -> None:
        self._known = {form: tuple(words.split()) for form, words in spellings.items()}

    def tokens(self, text: str) -> tuple[list[str], list[tuple[int, int]]]:
        """Tokens and their spans in `text`, between two sentence ends that stand in no text."""
        plain, spans = ["."], [(0, 0)]
        for found in _TOKEN.finditer(text.lower().translate(_CURLY)):
            for token in self._plain(found[0]):
                plain.append(token)
                spans.append(found.span())
        plain.append(".")
        spans.append((len(text), len(text)))
        return plain, spans

    def _plain(self, form: str) -> tuple[str, ...]:
        known = self._known.get(form)
        if known is None:
            # An unbounded text has unboundedly many forms: keep the short ones alone.
            known = _written_out(form, self._known)
            if len(form) < 24 and len(self._known) < 20_000:
                self._known[form] = known
        return known


def _written_out(form: str, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    first = form[0]
    if not first.isalnum():
        return ("?",) if first == "?" else (".",) if first in ".!\u2026;:" else (",",)
    form = form.rstrip("'") if not form.endswith("in'") else f"{form[:-1]}g"
    if form in known:
        return known[form]
    head, mark, tail = form.rpartition("'")
    if not mark:
        return (form,)
    if form.endswith("n't"):
        return (*known.get(form[:-3], (form[:-3],)), "not")
    if tail == "s":
        return (head, "is") if head in _IS else (*known.get(head, (head,)), "'s")
    ending = _ENDINGS.get(f"'{tail}")
    return (*known.get(head, (head,)), ending) if ending else (form.replace("'", ""),)


class Phrase:
    """One rule. Raises ValueError for one that cannot be read or that no word is needed for."""

    def __init__(self, source: str, classes: Mapping[str, tuple[str, ...]]) -> None:
        self.source = source
        self._classes = classes
        needed = [
            words
            for element in source.split()
            if element[0] not in "*!-^$%,.&"
            and not element.endswith("?")
            and (words := frozenset(one.split("_")[0] for one in self._options(element)))
            and words.isdisjoint(("%", "$", ".", ","))
        ]
        if not needed:
            raise ValueError(f"phrase {source!r} needs no word")
        self.anchors = min(needed, key=lambda words: (len(words & _COMMON), len(words)))
        """Words of which a text holds at least one if the phrase is in it."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Over tokens joined by one space, with a space behind the last."""
        parts = [self._part(part) for part in self.source.split(" & ")]
        orders = ["(?:[^ ]+ ){0,12}?".join(order) for order in permutations(parts)]
        return re.compile(self._before() + " " + _either(orders))

    def _before(self) -> str:
        first = self.source.split()[0]
        if first == "^":
            return "(?<= [.?,])"
        if first[0] == "-":
            options = self._options(first[1:])
            return "".join(f"(?<! {re.escape(_spaced(one))})" for one in options)
        return ""

    def _part(self, source: str) -> str:
        return "".join(
            self._element(element) for element in source.split() if element[0] not in "-^"
        )

    def _element(self, element: str) -> str:
        if element == "***":
            return "(?:[^ ]+ ){0,16}?"
        if element == "**":
            return "(?:[^ .?]+ ){0,12}?"
        if element[0] == "*":
            return f"(?:(?!not |never )[^ .?,]+ ){{0,{int(element[1:] or 3)}}}?"
        if element == "$":
            return "(?=[.?,] )"
        if element[0] == "!":
            return f"(?!{self._any_of(element[1:])})"
        if element.endswith("?"):
            return f"(?:{self._any_of(element[:-1])})?"
        return self._any_of(element)

    def _any_of(self, element: str) -> str:
        return _either([_option(one) for one in self._options(element)])

    def _options(self, element: str) -> list[str]:
        found: list[str] = []
        for option in element.rstrip("?").split("|"):
            if option.startswith("<"):
                if option[1:-1] not in self._classes:
                    raise ValueError(f"no class {option} for phrase {self.source!r}")
                found += self._classes[option[1:-1]]
            elif option:
                found.append(option)
        return found


def _either(options: list[str]) -> str:
    return options[0] if len(options) == 1 else f"(?:{'|'.join(options)})"


def _option(one: str) -> str:
    if one == "%":
        return r"\d[^ ]* "
    return "(?=[.?,] )" if one == "$" else f"{re.escape(_spaced(one))} "


def _spaced(option: str) -> str:
    return option.replace("_", " ")


def read_classes(table: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Named lists of words; a class may name those before it."""
    classes: dict[str, tuple[str, ...]] = {}
    for name, text in table.items():
        words: list[str] = []
        for option in "".join(text.split()).split("|"):
            words += classes[option[1:-1]] if option.startswith("<") else (option,)
        classes[name] = tuple(dict.fromkeys(words))
    return classes


class Index:
    """Phrases, found by the words that a text holds."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self.phrases = tuple(phrases)
        self._by_word: dict[str, list[int]] = {}
        for number, phrase in enumerate(self.phrases):
            for word in phrase.anchors:
                self._by_word.setdefault(word, []).append(number)

    def candidates(self, tokens: Iterable[str]) -> Iterator[int]:
        """Numbers of the phrases that may be in a text of these tokens, in order."""
        numbers: set[int] = set()
        for token in tokens:
            held = self._by_word.get(token)
            if held:
                numbers.update(held)
        return iter(sorted(numbers))
