"""The rules of the measuring coder: what phrases say, from the words alone.

Lexical rules kept as data (`rules.yaml`; phrases as in `policies/lexicon.py`). The coder
shares nothing with the client's own appraisal and was not written from the phrase banks.

Client turns get one act (PsyFIRE's thirteen or a collaborative one) and one talk type; therapist
turns get every MITI 4.2 code and CBT act that a sentence of theirs shows.
"""

from typing import NamedTuple

from mirrorplay.policies.acts import COLLABORATIVE_ACTS, RESISTANT_ACTS
from mirrorplay.policies.coding.words import (
    Rules,
    content_words,
    is_question,
    last_question,
    places,
    rulebook,
    sentences,
    words_of,
)

TALK_CODES = ("talk:change", "talk:sustain", "talk:neutral")
RESISTANT = frozenset(RESISTANT_ACTS)
COLLABORATIVE = frozenset(COLLABORATIVE_ACTS)


class ClientReading(NamedTuple):
    """What the rules read from a client turn: its act, its "talk:…", and how much the phrases found
    say for each label (3 a strong phrase, 2 a plain, 1 a weak one)."""

    act: str
    talk: str
    labels: dict[str, float]


class SentenceCodes(NamedTuple):
    """A therapist's sentence: (start, end) in the text, its codes, and whether a phrase gave them
    (`plain`) or only what was left over, such as its length."""

    span: tuple[int, int]
    codes: tuple[str, ...]
    plain: bool


def read_client(text: str, previous_therapist: str | None = None) -> ClientReading:
    """What the rules read from a client turn.

    `previous_therapist` settles what a short reply means: "No." answers a closed question and
    disagrees with a reflection. Sustain talk is kept apart from discord: an attack on the
    counsellor is resistance, yet neutral talk unless it speaks against change.
    """
    rules = rulebook()
    words = words_of(text)
    framed = ["^", *words, "$"]
    acts = rules.client.scores(framed)
    talk = rules.talk.scores(framed)
    spoken = [word for word in words if word[0].isalnum()]
    asked = words_of(previous_therapist) if previous_therapist else []
    labels = {label: weight for label, (weight, _) in (*acts.items(), *talk.items())}
    act = _client_act(acts, talk, words, spoken, asked, rules)
    return ClientReading(act, _talk_type(act, talk), labels)


def _client_act(
    acts: dict[str, tuple[float, int]],
    talk: dict[str, tuple[float, int]],
    words: list[str],
    spoken: list[str],
    asked: list[str],
    rules: Rules,
) -> str:
    open_question = is_question(asked) and _question_kind(last_question(asked), rules) == "open"
    if not spoken:
        return "minimum_talk"
    short = _short_reply(spoken, is_question(asked), open_question, rules)
    if "opening_no" in acts and not is_question(asked):
        weight, at = acts.get("disagreeing", (0.0, 0))
        acts["disagreeing"] = (weight + acts["opening_no"][0], at)
    resistant = max(
        ((score, at, act) for act, (score, at) in acts.items() if act in RESISTANT), default=None
    )
    collaborative = max(
        ((score, at, act) for act, (score, at) in acts.items() if act in COLLABORATIVE),
        default=None,
    )
    change = talk.get("change", (0.0, -1))
    if change[0] >= 2 and (collaborative is None or collaborative[0] < change[0]):
        collaborative = (change[0], change[1], "change_talk")
    if short and (resistant is None or resistant[0] < 2):
        return short
    if resistant and (
        collaborative is None
        or resistant[0] > collaborative[0]
        or (resistant[0] == collaborative[0] and resistant[1] > collaborative[1])
    ):
        return resistant[2] if resistant[0] >= 2 else _default_act(words, spoken, asked)
    if collaborative and collaborative[0] >= 2:
        return collaborative[2]
    return _default_act(words, spoken, asked)


def _short_reply(spoken: list[str], asked: bool, open_question: bool, rules: Rules) -> str | None:
    """The act of a reply of at most four words, when its words settle it."""
    if len(spoken) > 4:
        return None
    empty = len(spoken) <= 2 and not content_words(spoken)
    labels = {rules.short.get(word) for word in spoken}
    if None in labels:
        return "minimum_talk" if empty and (open_question or not asked) else None
    if "yes" not in labels and "flat" in labels:
        return "minimum_talk"
    if open_question:
        return "minimum_talk"
    if asked:
        return "answering"
    return "agreeing" if "yes" in labels else "disagreeing"


def _default_act(words: list[str], spoken: list[str], asked: list[str]) -> str:
    if is_question(words) and len(spoken) < 25:
        return "asking"
    if len(spoken) >= 12 and not {"i", "i'm", "i've", "my", "me", "i'd"}.isdisjoint(spoken):
        return "disclosing"
    return "answering" if is_question(asked) or len(spoken) < 12 else "disclosing"


_SUSTAINING = frozenset({"unwillingness", "pessimism", "minimizing", "excusing", "reluctance"})


def _talk_type(act: str, talk: dict[str, tuple[float, int]]) -> str:
    change, change_at = talk.get("change", (0.0, -1))
    sustain, sustain_at = talk.get("sustain", (0.0, -1))
    if act in _SUSTAINING:
        sustain += 2.0
    elif act in ("change_talk", "committing"):
        change += 2.0
    if max(change, sustain) < 2.0:
        return "talk:neutral"
    if change == sustain:
        return "talk:change" if change_at > sustain_at else "talk:sustain"
    return "talk:change" if change > sustain else "talk:sustain"


def sentence_codes(text: str, previous_client: str | None = None) -> list[SentenceCodes]:
    """What each sentence of a therapist's turn shows, with its place in the text; no codes for a
    bare "mm-hm".

    `previous_client` tells a reflection from information (does it take up the client's words?) and
    a simple reflection from a complex one (does it add to them?). Rater agreement on that last
    split is low (kappa .21 in AnnoMI), so do not lean on it.
    """
    rules = rulebook()
    client = content_words(words_of(previous_client)) if previous_client else frozenset()
    found: list[SentenceCodes] = []
    permission = False
    for start, end in places(text):
        for sentence in sentences(words_of(text[start:end])):
            scores = rules.therapist.scores(("^", *sentence, "$"))
            permission = permission or "permission" in scores
            codes, plain = _sentence_codes(sentence, scores, client, rules)
            found.append(SentenceCodes((start, end), tuple(codes), plain))
    if permission:
        found = [
            one._replace(
                codes=tuple("persuade_with_permission" if c == "persuade" else c for c in one.codes)
            )
            for one in found
        ]
    return found


def _question_kind(sentence: list[str], rules: Rules) -> str:
    """ "open" or "closed", by the question word that governs the sentence."""
    for word in sentence:
        if word in rules.openers:
            return "open"
        if word in rules.closers:
            return "closed"
    return "closed"


_MITI_STATEMENTS = (
    "confront",
    "emphasize_autonomy",
    "affirm",
    "seek_collaboration",
    "persuade",
    "giving_information",
)
_BESIDE = (
    "safety_inquiry",
    "greeting",
    "closing",
    "summary",
    "agenda",
    "homework_cocreated",
    "homework_prescribed",
    "naming_mismatch",
    "checking_impasse",
    "impact_disclosure",
    "reframe_offer",
)
_OVER_REFLECTION = frozenset(_MITI_STATEMENTS[:4])
"""Said with "you are" or "you have" as a reflection is, and more particular than one."""
_REPLACES_MITI = frozenset({"greeting", "closing", "safety_inquiry"})


def _sentence_codes(
    sentence: list[str],
    scores: dict[str, tuple[float, int]],
    client: frozenset[str],
    rules: Rules,
) -> tuple[list[str], bool]:
    beside = [code for code in _BESIDE if scores.get(code, (0.0, 0))[0] >= 2]
    if not _REPLACES_MITI.isdisjoint(beside):
        return beside, True
    spoken = [word for word in sentence if word[0].isalnum()]
    best = max(
        (code for code in _MITI_STATEMENTS if scores.get(code, (0.0, 0))[0] >= 2),
        key=lambda code: scores[code][0],
        default=None,
    )
    stem = scores.get("reflection", (0.0, 0))[0]
    if "invitation" in scores:
        return ["open_question", *beside], True
    if "reflection_tag" not in scores and _asks(sentence, stem, rules):
        for label in ("confront", "persuade"):
            if f"{label}_question" in scores:
                return [label, *beside], True
        if best in ("seek_collaboration", "emphasize_autonomy"):
            return [best, *beside], True
        if "socratic_question" in scores:
            beside.insert(0, "socratic_question")
        if len(spoken) <= 2 and not rules.openers.intersection(spoken) and not beside:
            return [], True
        return [f"{_question_kind(sentence, rules)}_question", *beside], True
    if best and (best in _OVER_REFLECTION or scores[best][0] >= stem):
        return [best, *beside], True
    if stem >= 2 or (client and _takes_up(sentence, client)):
        return [_reflection_kind(sentence, scores, client, rules), *beside], stem >= 2
    if beside:
        return beside, True
    if stem >= 1 and len(spoken) > 2:
        return [_reflection_kind(sentence, scores, client, rules)], False
    if len(spoken) >= 8 and "i" not in spoken[:2]:
        return ["giving_information"], False
    return [], False


def _asks(sentence: list[str], stem: float, rules: Rules) -> bool:
    """A statement with a rising end ("So you gave up?") is a reflection, not a question; a
    question cut off or written without its mark is still one."""
    lead = next((at for at, word in enumerate(sentence) if word not in rules.lead_ins), 0)
    inverted = sentence[lead] in rules.openers or sentence[lead] in rules.closers
    if sentence[-1] == "?":
        return inverted or stem < 2
    return inverted and lead + 1 < len(sentence) and sentence[lead + 1] in rules.question_follows


def _takes_up(sentence: list[str], client: frozenset[str]) -> bool:
    own = content_words(sentence)
    return bool(own) and len(own & client) >= max(1, 0.25 * len(own))


def _reflection_kind(
    sentence: list[str],
    scores: dict[str, tuple[float, int]],
    client: frozenset[str],
    rules: Rules,
) -> str:
    own = content_words(sentence)
    added = own - client
    deeper = "deeper" in scores or any(
        word in rules.feelings and word[:6] in added for word in sentence
    )
    if deeper or len(added) >= 5 or (len(added) > len(own & client) and len(own) >= 5):
        return "complex_reflection"
    return "simple_reflection"
