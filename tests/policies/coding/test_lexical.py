"""The measuring coder: sentences of our own, its properties, and its figures on real talk."""

import csv
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirrorplay.policies.acts import CLIENT_ACTS, THERAPIST_ACTS
from mirrorplay.policies.coding.lexical import TALK_CODES, read_client, sentence_codes
from mirrorplay.policies.lexicon import Lexicon

ANNOMI = Path(__file__).parents[3].parent / "shared" / "data" / "annomi" / "annomi_dev.csv"


def code_client(text: str, previous: str | None = None) -> tuple[str, ...]:
    read = read_client(text, previous)
    return read.act, read.talk


def code_therapist(text: str, previous: str | None = None) -> tuple[str, ...]:
    said = sentence_codes(text, previous)
    return tuple(dict.fromkeys(code for one in said for code in one.codes))


CLIENT = [
    ("How would you know? Have you ever lived with someone like that?", "challenging"),
    ("I already tried that. It's easy for you to say.", "discounting"),
    ("It's all his fault. He's the one who needs help.", "blaming"),
    ("No, that's not what I meant. I disagree.", "disagreeing"),
    ("I didn't have time. Something always comes up with the kids.", "excusing"),
    ("It's not that bad. Other people have it worse.", "minimizing"),
    ("What's the point? Nothing ever works.", "pessimism"),
    ("I'm not sure I'm ready for that yet.", "reluctance"),
    ("I'm not going to write anything down. I refuse.", "unwillingness"),
    ("I don't want to talk about that. It's private.", "limit_setting"),
    ("Sorry, what? I wasn't listening.", "inattention"),
    ("By the way, did you see the game last night?", "sidetracking"),
    ("I don't know.", "minimum_talk"),
    ("I need to change something. I can't keep living like this.", "change_talk"),
    ("Okay, I'll call her on Monday.", "committing"),
    ("I never thought about it like that. Maybe I've been wrong about him.", "insight"),
    ("Yeah, exactly. That's right.", "agreeing"),
    ("What should I do if she says no?", "asking"),
    ("I've never told anyone. When I was nine I hid in the shed all night.", "disclosing"),
]


@pytest.mark.parametrize(("text", "act"), CLIENT)
def test_client_acts(text: str, act: str) -> None:
    assert code_client(text, "I see.")[0] == act


def test_what_a_short_reply_means_depends_on_what_came_before() -> None:
    assert code_client("No.", "Did you sleep last night?")[0] == "answering"
    assert code_client("No.", "You felt you had to say yes.")[0] == "disagreeing"
    assert code_client("Yeah.", "You felt you had to say yes.")[0] == "agreeing"
    assert code_client("Nothing.", "What went through your mind?")[0] == "minimum_talk"
    assert code_client("Two years.", "How long have you worked there?")[0] == "answering"


def test_talk_types() -> None:
    assert code_client("I want to stop. I really have to change.")[1] == "talk:change"
    assert code_client("I don't want to stop. I like drinking, it helps me relax.")[1] == (
        "talk:sustain"
    )
    assert code_client("We moved here in March.")[1] == "talk:neutral"
    assert code_client("How old are you, anyway?")[1] == "talk:neutral"


THERAPIST = [
    ("What was that like?", "open_question"),
    ("Tell me about Tuesday.", "open_question"),
    ("Did you talk to her?", "closed_question"),
    ("What's the evidence for that?", "socratic_question"),
    ("It sounds like you were left on your own with it.", "reflection"),
    ("You worked hard to get here, and that took courage.", "affirm"),
    ("Would it be okay if I shared an idea?", "seek_collaboration"),
    ("It's up to you. Nobody can decide that for you.", "emphasize_autonomy"),
    ("You're just making excuses.", "confront"),
    ("Why don't you just try harder?", "confront"),
    ("You should call her tonight.", "persuade"),
    ("Research shows that most people sleep better after exercise.", "giving_information"),
    ("So far we've talked about work and about your father.", "summary"),
    ("What would you like to focus on today?", "agenda"),
    ("What would be one small step to try this week?", "homework_cocreated"),
    ("For homework, I want you to write a diary.", "homework_prescribed"),
    ("You said fine, but I noticed you went quiet.", "naming_mismatch"),
    ("I wonder if we're stuck.", "checking_impasse"),
    ("When you go quiet I notice myself feeling unsure.", "impact_disclosure"),
    ("Could it also mean that she was tired?", "reframe_offer"),
    ("Hello, thanks for coming in.", "greeting"),
    ("Our time is up. Take care.", "closing"),
    ("Are you thinking about killing yourself?", "safety_inquiry"),
]


@pytest.mark.parametrize(("text", "code"), THERAPIST)
def test_therapist_codes(text: str, code: str) -> None:
    found = code_therapist(text, "It was a bad week at work.")
    assert any(one == code or one.endswith(f"_{code}") for one in found), found


def test_permission_makes_advice_another_code() -> None:
    bare = code_therapist("You could try writing it down.")
    asked = code_therapist("May I share something? You could try writing it down.")
    assert "persuade" in bare
    assert "persuade_with_permission" in asked
    assert "persuade" not in asked


def test_a_turn_carries_every_code_its_sentences_show() -> None:
    found = code_therapist("You're worn out. What would help most?", "I'm so tired of it all.")
    assert {"open_question"} < set(found)
    assert any(code.endswith("_reflection") for code in found)
    assert code_therapist("Mm-hm.") == ()


def test_a_rising_statement_is_a_reflection() -> None:
    found = code_therapist("So you went home and told nobody?", "I went home. I told nobody.")
    assert found == ("simple_reflection",)


def _holds(client: tuple[str, ...], therapist: tuple[str, ...]) -> bool:
    act, talk = client
    return act in CLIENT_ACTS and talk in TALK_CODES and set(therapist) <= set(THERAPIST_ACTS)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.one_of(st.none(), st.text(max_size=80)))
def test_always_one_act_and_one_talk_code(text: str, before: str | None) -> None:
    assert _holds(code_client(text, before), code_therapist(text, before))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*"?.,!", "i", "don't", "no", "you", "so", "what", "maybe"])))
def test_any_mix_of_cue_words_is_coded(words: list[str]) -> None:
    text = " ".join(words)
    assert _holds(code_client(text, text), code_therapist(text, text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "…",
        "?!?",
        "\x00\x07\u202e",
        "Мне всё равно.",
        "別に話すことはない",
        "🙂🙂",
        "{0}{x!r}",
    ],
)
def test_odd_texts_are_coded(text: str) -> None:
    assert _holds(code_client(text, text), code_therapist(text, text))


def test_a_huge_text_is_capped_and_other_codes_do_not_change() -> None:
    huge = "I don't know, maybe you should, what do you think? " * 2_500
    start = time.process_time()
    assert _holds(code_client(huge, huge), code_therapist(huge, huge))
    assert time.process_time() - start < 1


def test_coding_is_a_pure_function() -> None:
    lines = [text for text, _ in CLIENT] + [text for text, _ in THERAPIST]
    first = [(code_client(text), code_therapist(text)) for text in lines]
    again = [(code_client(text), code_therapist(text)) for text in reversed(lines)]
    assert first == again[::-1]


def test_phrases_take_alternatives_gaps_and_ends() -> None:
    lexicon = Lexicon({"a": {"strong": ["^ (no|nope|) way"], "weak": ["if * then"]}})
    assert lexicon.scores(["^", "no", "way", "$"]) == {"a": (3.0, 2)}
    assert lexicon.scores(["^", "way", "$"]) == {"a": (3.0, 1)}
    assert lexicon.scores(["^", "by", "the", "way", "$"]) == {}
    assert lexicon.scores(["if", "you", "go", "then"]) == {"a": (1.0, 3)}
    assert lexicon.scores(["if", "one", "two", "three", "four", "then"]) == {}
    assert lexicon.scores(["if", "so", ",", "then"]) == {}
    assert lexicon.scores(["if", "then", "if", "then"]) == {"a": (1.0, 3)}


@pytest.mark.parametrize("phrase", ["(no", "(|)", "* way"])
def test_a_phrase_that_cannot_be_meant_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError):
        Lexicon({"a": {"strong": [phrase]}})


@pytest.mark.skipif(not ANNOMI.exists(), reason="AnnoMI is not here")
def test_figures_on_real_talk_stay_where_they_were() -> None:
    """Macro-F1 against the majority label; supervised baselines reach .73 and .49."""
    asking = {"open_question", "closed_question", "socratic_question"}
    telling = {"giving_information", "persuade", "persuade_with_permission", "confront"}
    reflecting = {"simple_reflection", "complex_reflection", "summary"}
    turns: dict[tuple[int, int], list[dict[str, str]]] = {}
    with ANNOMI.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key = (int(row["transcript_id"]), int(row["utterance_id"]))
            turns.setdefault(key, []).append(row)
    talk: list[tuple[str, str]] = []
    behaviour: list[tuple[str, str]] = []
    said: dict[str, str] = {}
    for key in sorted(turns):
        rows = turns[key]
        speaker, text = rows[0]["interlocutor"], rows[0]["utterance_text"]
        if speaker == "client":
            label = Counter(row["client_talk_type"] for row in rows).most_common(1)[0][0]
            talk.append((label, code_client(text, said.get("therapist"))[1].split(":")[1]))
        else:
            label = Counter(row["main_therapist_behaviour"] for row in rows).most_common(1)[0][0]
            codes = set(code_therapist(text, said.get("client")))
            coded = "other"
            if codes & asking:
                coded = "question"
            elif codes & telling:
                coded = "therapist_input"
            elif codes & reflecting:
                coded = "reflection"
            behaviour.append((label, coded))
        said[speaker] = text
    assert _macro_f1(behaviour) > 0.6
    assert _macro_f1(talk) > 0.42


def _macro_f1(pairs: list[tuple[str, str]]) -> float:
    labels = {label for label, _ in pairs}
    scores = []
    for label in labels:
        hit = sum(a == b == label for a, b in pairs)
        scores.append(2 * hit / sum((a == label) + (b == label) for a, b in pairs))
    return sum(scores) / len(scores)
