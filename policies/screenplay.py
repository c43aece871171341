"""Reading a written session: speaker lines with stage directions in brackets.

Takes what is seen in the wild: names instead of roles, markdown, numbered lines, directions
anywhere in a line, lines that go on below, two speakers in one line, headings, a cut-off ending.
It reports what it could not read instead of dropping it silently, and never takes speech for a
mark.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mirrorplay.policies.stage_direction import split_directions

Side = Literal["client", "therapist"]
_NUMBER = r"(?:[(\[]?(?:turn |exchange |line )?\d{1,3}\s*[.):\]-]+\s*)?"
_SPEAKER = re.compile(
    rf"^\s*[*_#>\-\s]*(?i:{_NUMBER})[*_]*"
    r"([A-Z][\w .'\u2019-]{0,40}?|(?i:client|patient|therapist|counsell?or))"
    r"[*_]*\s*([(\[][^()\[\]]{1,120}[)\]])?\s*[*_]*\s*:[*_]*\s*(.*)$"
)
_INLINE = re.compile(
    r"(?<!\d[.):\]])(?<=[.!?\u2026\]\)*\"\u201d])[ \t]+"
    r"(?=[*_]{0,2}(?:Client|Patient|Therapist|Counsell?or)[*_]{0,2}\s*:)"
)
_LEAVING = re.compile(
    r"\b(?:gets? up|stands? up|leaves?(?! (?:a|some|it|that)\b)|walks? out|heads? for the door)\b",
    re.I,
)
_NOISE = re.compile(
    r"^\s*(?:#{1,6}\s.*|[-*_=~]{3,}|`{3}\w*"
    r"|[*_\[(\s]*(?:end of (?:the )?(?:session|transcript|dialogue|screenplay|counsel\w+)|the end"
    r"|session (?:ends?|ended|begins?|starts?|transcript|continues|\d+)|to be continued|end)"
    r"[*_\])\s.:]*)$",
    re.I,
)
_THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.I | re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?\u2026][\"\u201d')\]*]*(?=\s|$)")
_HANGING = frozenset(
    (
        *("a", "an", "and", "as", "at", "because", "but", "by", "could", "did", "does", "for"),
        *("from", "had", "has", "how", "if", "into", "my", "of", "or", "our", "than", "the"),
        *("their", "they", "very", "was", "were", "what", "when", "where", "which", "who"),
        *("with", "would", "your"),
    )
)
"""Words on which no sentence ends: behind them the page was cut off."""
_STOPS = (".", "!", "?", "\u2026", "]", ")", "*", "-", "\u2014")
_PREAMBLE = re.compile(r"^\s*(?:sure|certainly|of course|okay|ok|here)\b.*:\s*\**$", re.I)
"""How a model announces its answer."""
_THERAPIST = {"therapist", "counselor", "counsellor", "clinician", "psychologist", "dr", "doctor"}
_CLIENT = {"client", "patient"}
_TITLES = {"mr", "mrs", "ms", "miss", "mx"}
_TOKEN = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_LOOP_WORDS, _LOOP_TIMES = 5, 3
_REPEATED = 2
"""Lines from which on an unknown name is taken for the one speaker who is missing."""
_QUOTES = (('"', '"'), ("\u201c", "\u201d"))


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One utterance as written. `direction` is null when none was given; `text` is empty when there
    was nothing but a direction."""

    speaker: Side
    text: str
    direction: str | None


@dataclass(frozen=True, slots=True)
class ParsedScreenplay:
    """The lines, alternating and starting with the client, and what could not be read."""

    lines: tuple[ScriptLine, ...]
    unread: tuple[str, ...]

    @property
    def leaving(self) -> bool:
        """The client's last direction has them get up and go."""
        clients = [line for line in self.lines if line.speaker == "client"]
        return bool(clients and clients[-1].direction and says_leaving(clients[-1].direction))


def says_leaving(direction: str) -> bool:
    """A stage direction in which somebody gets up and goes."""
    return _LEAVING.search(direction) is not None


def parse_screenplay(text: str, client_name: str) -> ParsedScreenplay:
    """Turns of a session. Two lines of one speaker in a row become one turn; a session that starts
    with the therapist has those lines reported as unread, since a turn pair starts with the client;
    a client's last words without a reply are reported too, and so is a sentence that breaks off at
    the end of the page."""
    unread: list[str] = []
    merged: list[tuple[Side, list[str]]] = []
    rows = list(_rows(text))
    roles = _roles(rows, client_name)
    for raw, found in rows:
        speaker = roles.get(_key(found[1])) if found else None
        if found and speaker:
            said = f"{_bracketed(found[2])} {found[3]}" if found[2] else found[3]
            if merged and merged[-1][0] == speaker:
                merged[-1][1].append(said)
            else:
                merged.append((speaker, [said]))
        elif merged and not _NOISE.match(raw) and not (found and _is_name(found[1])):
            merged[-1][1].append(raw.strip())
        else:
            unread.append(raw.strip())
    while merged and merged[0][0] == "therapist":
        unread.append(" ".join(merged.pop(0)[1]))
    _cut_off(merged, unread)
    if len(merged) % 2:
        unread.append(" ".join(merged.pop()[1]))
    lines: list[ScriptLine] = []
    for speaker, parts in merged:
        split = split_directions(" ".join(parts))
        if split.open_bracket:
            unread.append(f"[{split.open_bracket}")
        lines.append(ScriptLine(speaker, _unquoted(split.words), split.direction))
    return ParsedScreenplay(tuple(lines), tuple(unread))


def parse_utterance(text: str, speaker: Side, client_name: str) -> ScriptLine:
    """One turn as somebody wrote it when asked for one: without a label, thinking and markdown, and
    cut before the first line of the other speaker, who was not asked, and where it begins to repeat
    itself. Empty text when there is nothing to say."""
    page = _THINKING.sub("", text)
    rows = list(_rows(page))
    roles = _roles(rows, client_name)
    kept: list[str] = []
    for raw, found in rows:
        if _NOISE.match(raw):
            if kept:
                break
            continue
        if not kept and _PREAMBLE.match(raw):
            continue
        role = roles.get(_key(found[1])) if found else None
        if found and role is not None:
            if role != speaker:
                if any(split_directions(line).words for line in kept):
                    break
                kept = []
                continue
            kept.append(f"{_bracketed(found[2])} {found[3]}" if found[2] else found[3])
        else:
            kept.append(raw.strip())
    split = split_directions(" ".join(kept))
    return ScriptLine(speaker, without_loops(_unquoted(split.words)), split.direction)


def whole_sentences(text: str) -> str:
    """The text up to its last sentence that ends; all of it when none does."""
    ends = [end.end() for end in _SENTENCE_END.finditer(text)]
    return text[: ends[-1]] if ends else text


def without_loops(text: str) -> str:
    """The text up to where it says the same five words a third time: small models run on."""
    words = list(_TOKEN.finditer(text))
    seen: Counter[tuple[str, ...]] = Counter()
    for at in range(len(words) - _LOOP_WORDS + 1):
        key = tuple(word[0].lower() for word in words[at : at + _LOOP_WORDS])
        seen[key] += 1
        if seen[key] == _LOOP_TIMES:
            return text[: words[at].start()].rstrip(" ,;-")
    return text


def _rows(text: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Lines that are not blank, each with what looks like its speaker."""
    for raw in _INLINE.sub("\n", _THINKING.sub("", text)).splitlines():
        if raw.strip():
            yield raw, _SPEAKER.match(raw)


def _roles(rows: list[tuple[str, re.Match[str] | None]], client_name: str) -> dict[str, Side]:
    """Who each label is. A name that nobody knows is the one speaker who has no label of their own,
    if it keeps coming back and is the only such name."""
    labels = Counter(_key(found[1]) for _, found in rows if found)
    names = {_key(found[1]) for _, found in rows if found and _is_name(found[1])}
    words = [word for word in _key(client_name).split() if word not in _TITLES]
    roles: dict[str, Side] = {}
    for label in labels:
        role = _role(label, words)
        if role:
            roles[label] = role
    strangers = [
        label
        for label in names - roles.keys()
        if labels[label] >= _REPEATED and label not in _FORMS
    ]
    missing: list[Side] = [side for side in ("client", "therapist") if side not in roles.values()]
    if len(strangers) == 1 and len(missing) == 1:
        roles[strangers[0]] = missing[0]
    return roles


_FORMS = frozenset(
    {"scene", "setting", "note", "title", "session", "exchange", "turn", "stage direction"}
)
"""Labels of a page that are nobody's name."""


def _role(key: str, client: list[str]) -> Side | None:
    words = key.split()
    if key in _THERAPIST:
        return "therapist"
    if key in _CLIENT:
        return "client"
    if client and words:
        bare = [word for word in words if word not in _TITLES]
        if bare and (bare[0] == client[0] or (len(client) > 1 and bare == client[-1:])):
            return "client"
    return None


def _key(label: str) -> str:
    return " ".join(label.lower().replace(".", " ").split())


def _bracketed(aside: str) -> str:
    """ "(whispering)" beside a speaker's name is a direction whatever it holds."""
    return f"[{aside[1:-1]}]"


def _is_name(text: str) -> bool:
    """ "Dr. Lee" is a speaker nobody knows; "I think" goes on with the line before."""
    words = text.split()
    return len(words) <= 3 and words[0] != "I" and all(word[0].isupper() for word in words)


def _cut_off(merged: list[tuple[Side, list[str]]], unread: list[str]) -> None:
    """Take the sentence off the last line that the page breaks off in, and report it."""
    if not merged:
        return
    speaker, parts = merged[-1]
    said = " ".join(parts).rstrip()
    bare = said.rstrip(" *_\"\u201d'")
    last = bare.split()[-1].lower() if bare.split() else ""
    opened = bare.rfind("[") > bare.rfind("]")
    others = [" ".join(one).rstrip(" *_\"\u201d'") for _, one in merged[:-1]]
    stops = sum(one.endswith(_STOPS) for one in others)
    unstopped = not bare.endswith(_STOPS) and stops > len(others) / 2
    hangs = bare.endswith((",", ";", " -", "\u2014")) or last in _HANGING
    if not (opened or hangs or unstopped):
        return
    ends = [
        end.end() for end in _SENTENCE_END.finditer(said[: said.rfind("[")] if opened else said)
    ]
    kept = said[: ends[-1]] if ends else ""
    unread.append(said[len(kept) :].strip())
    if split_directions(kept).words:
        merged[-1] = (speaker, [kept])
    else:
        merged.pop()


def _unquoted(text: str) -> str:
    """Without quotation marks around the whole."""
    for opening, closing in _QUOTES:
        inside = text[1:-1]
        whole = len(text) > 2 and text.startswith(opening) and text.endswith(closing)
        if whole and opening not in inside and closing not in inside:
            return inside.strip()
    return text
