"""Rating: known groups, scales, evidence, what is missing, variants that are never mixed."""

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.acts import CLIENT_ACTS, THERAPIST_ACTS
from mirrorplay.policies.facs import ActionUnit, Perception
from mirrorplay.policies.instruments.features import BODILY, FEATURES, MEASURES
from mirrorplay.policies.instruments.item import Item, items, items_of
from mirrorplay.policies.instruments.rating import RATER, rate, rater_of
from mirrorplay.policies.instruments.score import Score
from mirrorplay.policies.instruments.tape import VARIANTS, CodedLine, Feature, Tape

Exchange = tuple[str, tuple[str, ...], str, tuple[str, ...]]

GOOD: list[Exchange] = [
    (
        "I don't see why talking about the report would help.",
        ("discounting", "talk:neutral"),
        "Talking about the report seems beside the point. What would you like to use today for?",
        ("simple_reflection", "open_question", "agenda"),
    ),
    (
        "The report is late and my manager has stopped saying good morning.",
        ("disclosing", "talk:neutral"),
        "Her silence says something to you. It took some courage to bring that here.",
        ("complex_reflection", "affirm"),
    ),
    (
        "She thinks I'm useless.",
        ("answering", "talk:neutral"),
        "What tells you that she thinks you're useless?",
        ("socratic_question", "open_question"),
    ),
    (
        "I suppose I never asked. I fill the silence in myself.",
        ("insight", "talk:change"),
        "You fill the silence in. Could it also mean something else, and what would you want?",
        ("simple_reflection", "reframe_offer", "open_question", "seek_collaboration"),
    ),
    (
        "I could ask her about the report.",
        ("change_talk", "talk:change"),
        "You could ask her. It's up to you. What would be a small first step this week?",
        ("simple_reflection", "emphasize_autonomy", "homework_cocreated"),
    ),
    (
        "Okay, I'll write to her on Monday.",
        ("committing", "talk:change"),
        "So: the silence, and writing on Monday. Did I get that right? What might get in the way?",
        ("summary", "simple_reflection", "open_question"),
    ),
]
BAD: list[Exchange] = [
    (
        "I don't see why talking about the report would help.",
        ("discounting", "talk:neutral"),
        "You need to trust the process. Exercise lowers stress.",
        ("persuade", "giving_information"),
    ),
    (
        "You don't know my manager.",
        ("challenging", "talk:neutral"),
        "You're just making excuses.",
        ("confront",),
    ),
    (
        "By the way, the parking here is terrible.",
        ("sidetracking", "talk:neutral"),
        "Buses run every hour. Why? When? Who knows?",
        ("giving_information", "closed_question"),
    ),
    (
        "I'd rather not talk about it.",
        ("limit_setting", "talk:neutral"),
        "For homework you will keep a diary.",
        ("homework_prescribed", "persuade"),
    ),
    (
        "I won't do that. It won't work.",
        ("unwillingness", "talk:sustain"),
        "You have to face the truth.",
        ("confront",),
    ),
    (
        "This is pointless.",
        ("pessimism", "talk:sustain"),
        "You should try harder.",
        ("persuade",),
    ),
]

SAID = [
    "I'm afraid of Monday. I can't sleep.",
    "I could call her this week.",
    "That makes sense. I never looked at it like that.",
    "I feel so ashamed. I never told anyone that I am a failure.",
    "Whatever. It's pointless and I'm fed up.",
    "I hope it gets better. I managed it once and that was a relief. Thanks.",
    "I'm upset. She left.",
    "No.",
    "The bus was late.",
]
REPLIED = [
    "What would you like to use today for?",
    "Does that fit? Thank you for that.",
    "What thought goes through your mind about Monday? What is the evidence?",
    "You feel ashamed and afraid of Monday.",
    "Could we look at another way of seeing it, if you like?",
    "What? Why? When? Who knows?",
    "What would be a small step this week?",
    "The bus was late.",
    "It is " + "very " * 40 + "long.",
]
SHOWN = ["looks away, arms folded", "smiles, nods", "jaw tight", "sighs, tears", "fidgets", ""]


def tape(exchanges: Iterable[Exchange]) -> tuple[CodedLine, ...]:
    lines: list[CodedLine] = []
    for said, client, reply, therapist in exchanges:
        lines.append(CodedLine(len(lines), "client", said, client))
        lines.append(CodedLine(len(lines), "therapist", reply, therapist))
    return tuple(lines)


def any_tape(draw: random.Random) -> tuple[CodedLine, ...]:
    """Few acts a session, so that shares vary."""
    acts, replies = draw.sample(CLIENT_ACTS, 3), draw.sample(THERAPIST_ACTS, 4)
    talk = ("talk:change", "talk:sustain", "talk:neutral")
    exchanges = [
        (
            draw.choice(SAID),
            (draw.choice(acts), draw.choice(talk)),
            draw.choice(REPLIED),
            tuple(draw.sample(replies, 2)),
        )
        for _ in range(draw.randrange(2, 9))
    ]
    return tuple(replace(line, stage_direction=draw.choice(SHOWN)) for line in tape(exchanges))


def by_item(scores: Iterable[Score]) -> dict[tuple[str, str], Score]:
    return {(score.instrument, score.item): score for score in scores}


SKILL = [item for item in items() if item.instrument in ("ctrs", "ctrs11", "wai", "wai12")]


@pytest.mark.parametrize("item", SKILL, ids=lambda item: f"{item.instrument}-{item.item}")
def test_a_good_session_scores_higher_than_a_bad_one(item: Item) -> None:
    key = (item.instrument, item.item)
    good, bad = by_item(rate(tape(GOOD)))[key], by_item(rate(tape(BAD)))[key]
    least = 0.0 if item.item == "pacing" else 0.15
    assert good.value - bad.value > least * (item.high - item.low)
    assert good.evidence


@pytest.mark.parametrize(
    ("instrument", "item", "better"),
    [
        ("miti", "mi_adherent", 1),
        ("miti", "mi_non_adherent", -1),
        ("miti", "mi_non_adherent_count", -1),
        ("miti", "cultivating_change_talk", 1),
        ("miti", "partnership", 1),
        ("miti", "empathy", 1),
        ("panas", "positive_affect", 1),
        ("panas", "hostile", -1),
        ("rupture", "confrontation", -1),
        ("rupture", "withdrawal_events", -1),
        ("rupture", "repairs", 1),
        ("resistance_trajectory", "area", -1),
        ("resistance_trajectory", "last", -1),
        ("talk", "change_slope", 1),
        ("talk", "sustain_share", -1),
        ("fidelity", "stages_covered", 1),
    ],
)
def test_other_measures_tell_them_apart(instrument: str, item: str, better: int) -> None:
    key = (instrument, item)
    good, bad = by_item(rate(tape(GOOD)))[key].value, by_item(rate(tape(BAD)))[key].value
    assert (good > bad) if better > 0 else (good < bad)


def test_every_feature_and_measure_can_differ_and_keeps_its_range() -> None:
    draw = random.Random(3)
    tapes = [Tape(any_tape(draw), "words+stage") for _ in range(300)]
    for name, reader in FEATURES.items():
        found = [feature for feature in map(reader, tapes) if feature is not None]
        assert len({feature.value for feature in found}) > 1, name
        assert all(0 <= feature.value <= 1 for feature in found), name
        assert any(feature.evidence for feature in found), name
    for name, reader in MEASURES.items():
        assert len({one.value for one in map(reader, tapes) if one is not None}) > 1, name


def test_every_feature_and_measure_is_used() -> None:
    used = {term.feature for item in items() for term in item.terms}
    assert used | {"late_change"} <= set(FEATURES)
    assert {item.measure for item in items() if item.measure} == set(MEASURES)


def test_scores_stay_on_their_scale_and_point_to_turns_of_the_tape() -> None:
    ends = {(item.instrument, item.item): (item.low, item.high) for item in items()}
    draw = random.Random(5)
    for lines in (tape(GOOD), tape(BAD), tape(GOOD * 5), *(any_tape(draw) for _ in range(30))):
        scores = rate(lines)
        assert len(by_item(scores)) == len(scores)
        for score in scores:
            low, high = ends[(score.instrument, score.item)]
            assert low <= score.value <= high
            assert score.rater == RATER == "scripted-v1:words"
            assert set(score.evidence) <= {line.index for line in lines}
            assert list(score.evidence) == sorted(set(score.evidence))


def test_what_cannot_be_rated_is_absent_and_never_zero() -> None:
    assert rate(()) == ()
    assert rate(tape(GOOD[:1])) == ()
    client_only = tuple(line for line in tape(GOOD) if line.speaker == "client")
    known = {"resistance_trajectory", "talk", "disclosure"}
    assert {score.instrument for score in rate(client_only)} == known
    therapist_only = tuple(line for line in tape(GOOD) if line.speaker == "therapist")
    assert {score.instrument for score in rate(therapist_only)} == {"miti"}


def test_an_undefined_ratio_is_absent() -> None:
    def reply(*codes: str) -> dict[tuple[str, str], Score]:
        said = ("answering", "talk:neutral")
        return by_item(rate(tape([("It went badly.", said, "It went badly for you.", codes)] * 4)))

    assert (
        reply("simple_reflection", "open_question")[("miti", "reflection_to_question")].value == 1
    )
    assert ("miti", "reflection_to_question") not in reply("simple_reflection")
    assert reply("open_question")[("miti", "reflection_to_question")].value == 0
    assert ("miti", "complex_reflections") not in reply("open_question")
    assert ("miti", "softening_sustain_talk") not in reply("open_question")
    assert ("rupture", "repairs") not in reply("open_question")
    assert ("panas", "tense") not in reply("open_question")


def test_a_subscale_is_the_mean_of_its_items() -> None:
    scores = by_item(rate(tape(GOOD)))
    for name, numbers in {
        "task": ("01", "02", "10", "12"),
        "bond": ("03", "05", "07", "09"),
        "goal": ("04", "06", "08", "11"),
    }.items():
        mean = sum(scores[("wai12", f"{name}_{number}")].value for number in numbers) / 4
        assert scores[("wai", name)].value == pytest.approx(mean, abs=1e-5)
        assert scores[("wai12", name)].value == scores[("wai", name)].value


def test_a_longer_session_is_not_a_better_one() -> None:
    once, often = by_item(rate(tape(GOOD))), by_item(rate(tape(GOOD * 6)))
    for item in SKILL:
        key = (item.instrument, item.item)
        assert often[key].value - once[key].value < 0.15 * (item.high - item.low), key


def test_only_what_is_asked_for() -> None:
    asked = rate(tape(GOOD), ["wai", "ctrs", "wai"])
    assert [score.instrument for score in asked] == ["wai"] * 3 + ["ctrs"] * 6
    assert set(asked) <= set(rate(tape(GOOD)))
    assert rate(tape(GOOD), []) == ()
    with pytest.raises(UserError, match="horoscope"):
        rate(tape(GOOD), ["horoscope"])


def test_unknown_codes_and_giant_texts_do_no_harm() -> None:
    odd = tuple(
        replace(line, codes=(*line.codes, "charisma", "talk:weather"), text=line.text)
        for line in tape(GOOD)
    )
    assert rate(odd) == rate(tape(GOOD))
    giant = tuple(replace(line, text=line.text + " word" * 200_000) for line in tape(GOOD[:2]))
    assert rate(giant)
    hundreds = rate(tape(GOOD * 42)[:500])
    assert max(index for score in hundreds for index in score.evidence) > 400


DIRECTIONS = ("looks away, arms folded", "jaw tight", "smiles, nods")
FACES = (
    Perception(gaze_y=-0.6),
    Perception(action_units=(ActionUnit(au=6, intensity=3), ActionUnit(au=12, intensity=3))),
)
PLAIN = Perception()


def with_body(direction: str | None, face: Perception | None) -> tuple[CodedLine, ...]:
    return tuple(
        replace(line, stage_direction=direction, face=face) if line.speaker == "client" else line
        for line in tape(GOOD)
    )


def values(lines: tuple[CodedLine, ...], variant: str) -> dict[tuple[str, str], float]:
    assert variant in VARIANTS
    scores = rate(lines, variant=variant)  # type: ignore[arg-type]
    assert {score.rater for score in scores} == {f"scripted-v1:{variant}"}
    return {(score.instrument, score.item): score.value for score in scores}


def test_a_variant_sees_what_it_looks_at_and_nothing_else() -> None:
    bare = with_body(None, None)
    for direction in DIRECTIONS:
        shown = with_body(direction, None)
        assert values(shown, "words") == values(bare, "words")
        assert values(shown, "words+face") == values(bare, "words+face")
        assert values(shown, "words+stage") != values(with_body("a pause", None), "words+stage")
    for face in FACES:
        shown = with_body(None, face)
        assert values(shown, "words") == values(bare, "words")
        assert values(shown, "words+stage") == values(bare, "words+stage")
        assert values(shown, "words+face") != values(with_body(None, PLAIN), "words+face")


def test_turning_away_lowers_the_bond_and_smiling_raises_it() -> None:
    away, smiling = (values(with_body(text, None), "words+stage") for text in DIRECTIONS[::2])
    assert away[("wai", "bond")] < smiling[("wai", "bond")]
    assert away[("panas", "eased")] < smiling[("panas", "eased")]
    tense = values(with_body("jaw tight", None), "words+stage")
    assert tense[("panas", "hostile")] > smiling[("panas", "hostile")]


@pytest.mark.parametrize("variant", ["words+stage", "words+face"])
def test_without_anything_to_see_an_item_of_the_body_is_absent(variant: str) -> None:
    blind, words = values(with_body(None, None), variant), values(with_body(None, None), "words")
    bodily = {
        (item.instrument, item.item)
        for item in items()
        if any(term.feature in BODILY for term in item.terms)
    }
    assert bodily
    assert bodily.isdisjoint(blind)
    rest = {key: value for key, value in blind.items() if key in words}
    assert rest[("ctrs", "strategy")] == words[("ctrs", "strategy")]
    assert ("wai", "bond") not in blind


def test_raters_of_variants_have_names_of_their_own() -> None:
    assert len({rater_of(variant) for variant in VARIANTS}) == len(VARIANTS)


def test_a_back_channel_is_not_a_reply() -> None:
    lines = [
        CodedLine(0, "therapist", "Mm-hm.", ()),
        CodedLine(1, "therapist", "Mm-hm.", ("affirm",)),
    ]
    assert [line.index for line in Tape(lines).therapist] == [1]


def test_a_feature_is_a_value_and_its_turns() -> None:
    feature = FEATURES["confronts"](Tape(tape(BAD)))
    assert feature == Feature(2 / 6, (3, 9))


def test_the_six_are_among_the_eleven() -> None:
    scores = by_item(rate(tape(GOOD)))
    for item in items_of("ctrs"):
        assert scores[("ctrs", item.item)].value == scores[("ctrs11", item.item)].value


@given(
    st.lists(
        st.tuples(
            st.text(max_size=30),
            st.tuples(st.sampled_from(CLIENT_ACTS), st.just("talk:neutral")),
            st.text(max_size=30),
            st.lists(st.sampled_from(THERAPIST_ACTS), max_size=3).map(tuple),
        ),
        max_size=8,
    )
)
def test_any_coded_tape_is_rated(exchanges: list[Exchange]) -> None:
    scores = rate(tape(exchanges))
    assert len(scores) <= len(items())
    assert all(isinstance(score.value, float) for score in scores)
