"""Reading a written session: speaker lines with stage directions in brackets.

Takes what is seen in the wild: names instead of roles, markdown emphasis, directions anywhere in a
line, lines that go on below, and reports what it could not read instead of dropping it silently.
"""

import re
from dataclasses import dataclass
from typing import Literal

_SPEAKER = re.compile(r"^\s*[*_#>\-\s]*([A-Z][\w .'’-]{0,40}?)[*_]*\s*:[*_]*\s*(.*)$")
_DIRECTION = re.compile(r"\[([^\[\]]{1,300})\]")
_LEAVING = re.compile(
    r"\b(?:gets? up|stands? up|leaves?(?! (?:a|some|it|that)\b)|walks? out|heads? for the door)\b",
    re.I,
)
_THERAPIST = {"therapist", "counselor", "counsellor", "clinician"}
_CLIENT = {"client", "patient"}


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One utterance as written. `direction` is null when none was given; `text` is empty when there
    was nothing but a direction."""

    speaker: Literal["client", "therapist"]
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
        return bool(clients and clients[-1].direction and _LEAVING.search(clients[-1].direction))


def parse_screenplay(text: str, client_name: str) -> ParsedScreenplay:
    """Turns of a session. Two lines of one speaker in a row become one turn; a session that starts
    with the therapist has those lines reported as unread, since a turn pair starts with the client;
    a client's last words without a reply are reported too."""
    first_name = client_name.split()[0].lower() if client_name.split() else ""
    unread: list[str] = []
    merged: list[tuple[Literal["client", "therapist"], list[str]]] = []
    for raw in text.splitlines():
        if not raw.strip():
            continue
        found = _SPEAKER.match(raw)
        speaker = _role(found[1], first_name) if found else None
        if found and speaker:
            if merged and merged[-1][0] == speaker:
                merged[-1][1].append(found[2])
            else:
                merged.append((speaker, [found[2]]))
        elif merged and not (found and _is_name(found[1])):
            merged[-1][1].append(raw.strip())
        else:
            unread.append(raw.strip())
    while merged and merged[0][0] == "therapist":
        unread.append(" ".join(merged.pop(0)[1]))
    if len(merged) % 2:
        unread.append(" ".join(merged.pop()[1]))
    lines = [_line(speaker, " ".join(parts)) for speaker, parts in merged]
    return ParsedScreenplay(tuple(lines), tuple(unread))


def _is_name(text: str) -> bool:
    """ "Dr. Lee" is a speaker nobody knows; "I think" goes on with the line before."""
    words = text.split()
    return len(words) <= 3 and words[0] != "I" and all(word[0].isupper() for word in words)


def _role(name: str, first_name: str) -> Literal["client", "therapist"] | None:
    key = name.strip().lower()
    if key in _THERAPIST:
        return "therapist"
    if key in _CLIENT or (first_name and key.split()[0] == first_name):
        return "client"
    return None


def _line(speaker: Literal["client", "therapist"], raw: str) -> ScriptLine:
    directions = [found.strip() for found in _DIRECTION.findall(raw)]
    text = re.sub(r"\s+", " ", _DIRECTION.sub(" ", raw)).strip(" *_")
    return ScriptLine(speaker, text, "; ".join(directions) or None)
