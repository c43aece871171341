"""Phrases by label, found in a list of words in one pass.

A phrase is words separated by spaces; `(a|b)` are alternatives (one may be empty, they may nest or
be glued to a word), `*` is up to three words, `^` and `$` are the ends of the text. All phrases of
a lexicon form one automaton over words. It is made deterministic step by step as texts come in;
the steps are kept up to a bound, so that memory stays flat however much is read.
"""

from collections.abc import Iterable, Mapping

WEIGHTS = {"strong": 3.0, "plain": 2.0, "weak": 1.0}
"""How much one phrase says for its label."""
GAP = 3
"""Words that `*` may stand for."""
_KEPT_STEPS = 20_000
_MARKS = frozenset(".,;:?!^$")
_OTHER = ""


def _chunks(phrase: str) -> Iterable[str]:
    """The parts of a phrase between spaces outside parentheses."""
    depth, start = 0, 0
    for at, char in enumerate(phrase):
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == " " and depth == 0:
            if at > start:
                yield phrase[start:at]
            start = at + 1
    if depth:
        raise ValueError(f"unbalanced parenthesis in phrase {phrase!r}")
    if start < len(phrase):
        yield phrase[start:]


def _expand(text: str, at: int = 0) -> tuple[list[str], int]:
    """All spellings of a chunk from `at` up to the closing parenthesis or the end."""
    done: list[str] = []
    current = [""]
    while at < len(text):
        char = text[at]
        if char == "(":
            inner, at = _expand(text, at + 1)
            current = [head + tail for head in current for tail in inner]
        elif char == ")":
            return done + current, at + 1
        elif char == "|":
            done += current
            current = [""]
            at += 1
        else:
            current = [head + char for head in current]
            at += 1
    return done + current, at


class Lexicon:
    """`table` maps a label to strengths ("strong", "plain", "weak") to phrases."""

    def __init__(self, table: Mapping[str, Mapping[str, list[str]]]) -> None:
        self._next: list[dict[str, list[int]]] = [{}]
        self._any: dict[int, int] = {}
        self._accept: dict[int, list[int]] = {}
        self._rules: list[tuple[str, float]] = []
        for label, strengths in table.items():
            for strength, phrases in strengths.items():
                for phrase in phrases:
                    self._add(phrase, len(self._rules))
                    self._rules.append((label, WEIGHTS[strength]))
        self._vocabulary = frozenset(word for edges in self._next for word in edges) | _MARKS
        self._sets: dict[tuple[int, ...], int] = {(): 0}
        self._members: list[tuple[int, ...]] = [()]
        self._steps: dict[tuple[int, str], tuple[int, tuple[int, ...]]] = {}

    def _state(self) -> int:
        self._next.append({})
        return len(self._next) - 1

    def _add(self, phrase: str, rule: int) -> None:
        ends = [0]
        for chunk in _chunks(phrase):
            if chunk == "*":
                gap = ends
                for _ in range(GAP):
                    state = self._state()
                    for end in gap:
                        self._any[end] = state
                    gap = [state]
                    ends = [*ends, state]
                continue
            end = self._state()
            optional = False
            for spelling in sorted(set(_expand(chunk)[0])):
                words = spelling.split()
                if not words:
                    optional = True
                    continue
                heads = ends
                for word in words[:-1]:
                    state = self._state()
                    for head in heads:
                        self._next[head].setdefault(word, []).append(state)
                    heads = [state]
                for head in heads:
                    self._next[head].setdefault(words[-1], []).append(end)
            ends = [*ends, end] if optional else [end]
        if 0 in ends or 0 in self._any:
            raise ValueError(f"phrase {phrase!r} matches nothing in particular")
        for state in ends:
            self._accept.setdefault(state, []).append(rule)

    def _step(self, current: int, word: str) -> tuple[int, tuple[int, ...]]:
        reached: set[int] = set(self._next[0].get(word, ()))
        for state in self._members[current]:
            reached.update(self._next[state].get(word, ()))
            if state in self._any and word not in _MARKS:
                reached.add(self._any[state])
        members = tuple(sorted(reached))
        if members not in self._sets:
            self._sets[members] = len(self._members)
            self._members.append(members)
        hits = tuple(rule for state in members for rule in self._accept.get(state, ()))
        return self._sets[members], hits

    def scores(self, words: Iterable[str]) -> dict[str, tuple[float, int]]:
        """(summed weight, position of the last word) of every label whose phrases occur. A phrase
        counts once however often it occurs."""
        if len(self._steps) > _KEPT_STEPS:
            self._steps.clear()
            self._sets = {(): 0}
            self._members = [()]
        steps, vocabulary = self._steps, self._vocabulary
        last: dict[int, int] = {}
        current = 0
        for at, spoken in enumerate(words):
            word = spoken if spoken in vocabulary else _OTHER
            known = steps.get((current, word))
            if known is None:
                known = steps[(current, word)] = self._step(current, word)
            current, hits = known
            for rule in hits:
                last[rule] = at
        found: dict[str, tuple[float, int]] = {}
        for rule, at in last.items():
            label, rule_weight = self._rules[rule]
            weight, position = found.get(label, (0.0, -1))
            found[label] = (weight + rule_weight, max(position, at))
        return found
