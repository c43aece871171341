"""What the learned part of the coder looks at, as numbers of hashed features in named blocks.

An utterance gives words and neighbouring words, pieces of words, what the rules read in it, and its
length and marks; the one or two utterances before it give the same in short. Nothing tells where in
the session it stands. Features are hashed by CRC-32, so that no word is stored anywhere; two
features that meet in one number share a weight.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from math import log2
from pathlib import Path
from zlib import crc32

from mirrorplay.personas.document import read_yaml
from mirrorplay.policies.coding.lexical import (
    ClientReading,
    SentenceCodes,
    read_client,
    sentence_codes,
)
from mirrorplay.policies.coding.words import READ_LIMIT, content_words, reply_kind, words_of

BUCKETS = 1 << 16
"""Numbers a feature can have."""
BLOCKS = ("words", "pieces", "senses", "marks", "reply", "before", "before_marks", "answer")
"""Each block is brought to length 1 before it is weighed, so that a long turn does not shout."""
RulesReading = ClientReading | list[SentenceCodes]
_BEFORE_CHARACTERS = 400
"""Characters read of an utterance before; its end is what is answered."""
_TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[.,;:?!]")
_CURLY = str.maketrans({"’": "'", "‘": "'", "\u02bc": "'", "…": ".", "—": ",", "–": ","})
_BEHAVIOUR = {
    "open_question": "question",
    "closed_question": "question",
    "socratic_question": "question",
    "simple_reflection": "reflection",
    "complex_reflection": "reflection",
    "summary": "reflection",
    "giving_information": "input",
    "persuade": "input",
    "persuade_with_permission": "input",
    "confront": "input",
}


def behaviour_of(code: str) -> str:
    """question, reflection, input or other: the coarse behaviour that a therapist code belongs
    to."""
    return _BEHAVIOUR.get(code, "other")


def read_rules(text: str, speaker: str, before: Sequence[tuple[str, str]]) -> RulesReading:
    """What the rules read in an utterance, given what the other said last."""
    other = "therapist" if speaker == "client" else "client"
    heard = next((said for who, said in reversed(before) if who == other), None)
    return read_client(text, heard) if speaker == "client" else sentence_codes(text, heard)


def features(
    text: str,
    speaker: str,
    before: Sequence[tuple[str, str]],
    read: RulesReading | None = None,
) -> dict[str, Sequence[int]]:
    """Numbers of the features present, each once, by block. `before`: (speaker, text), oldest
    first, two at most. `read` is what `read_rules` gives, to save reading twice."""
    if read is None:
        read = read_rules(text, speaker, before)
    if len(text) > 2 * READ_LIMIT:
        text = f"{text[:READ_LIMIT]} . {text[-READ_LIMIT:]}"
    words = _words(text)
    spoken = [word for word in words[1:-1] if word[0].isalnum()]
    marks = [f"length {_size(len(spoken))}", f"asks {min(3, words.count('?'))}"]
    marks += [
        f"asks last {'?' in words[-4:]}",
        f"ends {words[-2] if words[-2] in '.,?!;:' else ''}",
    ]
    marks.append(f"cut off {text.rstrip().endswith(('-', '…', '...'))}")
    reply: list[str] = []
    if isinstance(read, list):
        client = next((said for who, said in reversed(before) if who == "client"), None)
        marks += _therapist_marks(read)
        marks += _person_marks(spoken)
        if client:
            own, theirs = content_words(words_of(text)), content_words(words_of(client))
            shared = len(own & theirs)
            marks += [f"shares {min(4, shared)}", f"share {5 * shared // max(1, len(own))}"]
    else:
        marks += _client_marks(read)
        reply = _reply(text, before)
    near, near_marks = _before(words, spoken, speaker, before)
    answer = _answer(words, before, near_marks) if speaker == "client" else []
    return {
        "words": _numbers("w", _grams(words)),
        "pieces": _pieces(spoken),
        "senses": _numbers("s", _senses(words)),
        "marks": _numbers("m", marks),
        "reply": _numbers("r", reply),
        "before": _numbers("b", near),
        "before_marks": _numbers("n", near_marks),
        "answer": _numbers("a", answer),
    }


def _words(text: str) -> list[str]:
    return ["^", *_TOKEN.findall(text.translate(_CURLY).lower()), "$"]


def _grams(words: Sequence[str], prefix: str = "") -> list[str]:
    pairs = [f"{prefix}{a} {b}" for a, b in pairwise(words)]
    return [*(prefix + word for word in words), *pairs] if prefix else [*words, *pairs]


def _numbers(namespace: str, names: Iterable[str]) -> list[int]:
    start = crc32(namespace.encode())
    return list({crc32(name.encode(), start) % BUCKETS for name in names})


@lru_cache(maxsize=1)
def _sense_table() -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Whole words and beginnings of words, each with its sense."""
    data = read_yaml(Path(__file__).with_name("senses.yaml")).value
    whole: dict[str, str] = {word: word for word in data["kept"]}
    starts: list[tuple[str, str]] = []
    for sense, words in data["senses"].items():
        for word in words:
            if word.endswith("*"):
                starts.append((word[:-1], sense))
            else:
                whole.setdefault(word, sense)
    return whole, tuple(starts)


@lru_cache(maxsize=8192)
def _sense(word: str) -> str:
    """The sense of a word, itself when it is kept, "" otherwise."""
    whole, starts = _sense_table()
    known = whole.get(word)
    if known is not None:
        return known
    return next((sense for start, sense in starts if word.startswith(start)), "")


def _senses(words: Sequence[str]) -> list[str]:
    """The skeleton of an utterance: senses and kept words, alone, in twos and in threes."""
    bones = [bone for bone in map(_sense, words) if bone]
    found = [*bones, *(f"{a} {b}" for a, b in pairwise(bones))]
    found += [f"{a} {b} {c}" for a, b, c in zip(bones, bones[1:], bones[2:], strict=False)]
    return found


def _pieces(spoken: Sequence[str]) -> list[int]:
    """Three to five neighbouring letters inside words, ends marked."""
    found: set[int] = set()
    for word in spoken:
        found.update(_pieces_of(word))
    return list(found)


@lru_cache(maxsize=8192)
def _pieces_of(word: str) -> tuple[int, ...]:
    if len(word) < 3:
        return ()
    start = crc32(b"p")
    framed = f"<{word}>".encode()
    return tuple(
        crc32(framed[at : at + length], start) % BUCKETS
        for length in (3, 4, 5)
        for at in range(len(framed) - length + 1)
    )


def _size(count: int) -> int:
    """Half octaves."""
    return 1 + int(2 * log2(count)) if count else 0


def _therapist_marks(found: list[SentenceCodes]) -> list[str]:
    codes = [code for sentence in found for code in sentence.codes]
    marks = [f"code {code}" for code in codes]
    marks += [f"does {behaviour_of(one.codes[0])} {one.plain}" for one in found if one.codes]
    if codes:
        marks += [f"last {behaviour_of(codes[-1])}", f"first {behaviour_of(codes[0])}"]
    marks.append("all " + " ".join(sorted({behaviour_of(code) for code in codes})))
    marks.append(f"sentences {min(6, len(found))}")
    return marks


@lru_cache(maxsize=128)
def _done(said: str) -> list[str]:
    """Marks of a therapist's turn before; it comes before two others, at most 400 characters."""
    return _therapist_marks(sentence_codes(said))


def _person_marks(spoken: Sequence[str]) -> list[str]:
    you = sum(word in ("you", "you're", "your", "you've") for word in spoken)
    own = sum(word in ("i", "i'm", "i'd", "i've") for word in spoken)
    return [f"you {min(3, you)}", f"i {min(3, own)}"]


def _client_marks(read: ClientReading) -> list[str]:
    return [
        f"act {read.act}",
        read.talk,
        *(f"says {label} {min(3, int(weight))}" for label, weight in read.labels.items()),
    ]


def _reply(text: str, before: Sequence[tuple[str, str]]) -> list[str]:
    """What a short reply says yes or no to."""
    if not before or before[-1][0] != "therapist":
        return []
    kind = reply_kind(text)
    if kind == "more":
        return []
    said = _words(before[-1][1][-_BEFORE_CHARACTERS:])
    return [kind, *_grams(said, f"{kind} ")]


def _answer(
    words: Sequence[str], before: Sequence[tuple[str, str]], marks: Sequence[str]
) -> list[str]:
    """A client's words, each with what the therapist did last (in the marks of the turn before):
    after a question a word tells something else than after a reflection."""
    if not before:
        did = "opens"
    elif before[-1][0] == "client":
        did = "goes on"
    else:
        last = "0 last "
        did = next((mark[len(last) :] for mark in marks if mark.startswith(last)), "nothing")
    return [f"{did} {word}" for word in words]


def _before(
    words: Sequence[str], spoken: Sequence[str], speaker: str, before: Sequence[tuple[str, str]]
) -> tuple[list[str], list[str]]:
    short = " ".join(words[1:-1]) if len(spoken) <= 3 else "long"
    near: list[str] = []
    marks: list[str] = [] if before else ["opens"]
    for back, (who, whole) in enumerate(reversed(before)):
        said = whole[-_BEFORE_CHARACTERS:]
        own = who == speaker
        heard = _words(said)
        place = f"{back}{own} "
        near += _grams(heard, place) if back == 0 else [place + word for word in heard]
        marks += [f"{back} {who} {_size(len(heard) - 2)}", f"{back} {who} asks {'?' in said[-3:]}"]
        if who == "client":
            asked = before[-2][1] if back == 0 and len(before) == 2 else None
            read = _client_marks(read_client(said, asked))
            marks += [f"{back} {mark}" for mark in read]
            marks += [f"{short} after {mark}" for mark in read[:2] if back == 0]
        else:
            read = _done(said)
            marks += [f"{back} {mark}" for mark in read]
            marks += [
                f"{short} after {mark}"
                for mark in read
                if back == 0 and mark.startswith(("last", "all"))
            ]
    return near, marks
