"""The scripted therapist, through its scene."""

import dataclasses
import re
import statistics
from pathlib import Path
from typing import Any

import pytest

from mirrorplay.agents.roles import SpokenLine, Therapist, TherapistScene, TherapistTurn
from mirrorplay.agents.therapist import MANNERS, POLICIES, ScriptedTherapist
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import IntakeCard
from mirrorplay.policies.expression import ActionUnit, Perception
from mirrorplay.policies.phrasing.bank import BANK_A
from mirrorplay.policies.phrasing.therapist import NEEDED_KEYS
from mirrorplay.policies.reframing import TECHNIQUES, Plan, load_techniques
from mirrorplay.policies.safety import screen_therapist
from mirrorplay.policies.seeds import Draws

CARD = IntakeCard(
    name="Laura Saunders",
    age=41,
    gender="female",
    occupation="teacher",
    reason="I worry all the time and can't stop thinking about my lessons.",
)
WITH_US = [
    "My lessons have been going badly since September.",
    "The head came in to watch and I forgot what I was saying.",
    "Yeah, that's right.",
    "It happened again on Monday in the staff room.",
    "I'd tell her it was one bad lesson.",
    "I want my evenings back.",
    "My sister rings me on Sundays and I don't pick up.",
    "I'd say half of it helps.",
    "Yeah, maybe.",
    "That's about it.",
]
AGAINST = ["I don't see the point of this.", *["No. That's not how it works for me."] * 9]


def scene(
    said: list[str],
    replies: list[str] | None = None,
    *,
    plan: Plan | None = None,
    phrases: tuple[str, ...] = (),
    limit: int = 10,
    leaving: bool = False,
    card: IntakeCard = CARD,
    seed: int = 7,
) -> TherapistScene:
    lines: list[SpokenLine] = []
    for at, text in enumerate(said):
        lines.append(SpokenLine("client", text))
        if replies and at < len(replies):
            lines.append(SpokenLine("therapist", replies[at]))
    return TherapistScene(
        card=card,
        lines=tuple(lines),
        image=None,
        perception=None,
        plan=plan,
        exchange=len(said),
        max_exchanges=limit,
        turn=len(lines),
        leaving=leaving,
        phrases=phrases,
        draws=Draws(seed, "laura", 0),
    )


async def session(
    said: list[str],
    mode: str = "text",
    limit: int = 10,
    seed: int = 7,
    *,
    plan: Plan | None = None,
    **settings: Any,
) -> tuple[list[TherapistTurn], Plan | None]:
    therapist = ScriptedTherapist(mode=mode, **settings)
    turns: list[TherapistTurn] = []
    phrases: list[str] = []
    for at in range(1, len(said) + 1):
        replies = [turn.text for turn in turns]
        now = scene(said[:at], replies, plan=plan, phrases=tuple(phrases), limit=limit, seed=seed)
        if mode == "p" and plan is None:
            plan = await therapist.plan(now)
            now = dataclasses.replace(now, plan=plan)
        turn = await therapist.respond(now)
        if plan is not None and turn.stage is not None:
            plan = plan.model_copy(update={"stage": min(turn.stage, len(plan.steps))})
        turns.append(turn)
        phrases += ["answering/core/1", *turn.phrases]
    return turns, plan


def acts(turns: list[TherapistTurn]) -> list[str]:
    return [act for turn in turns for act in turn.acts or ()]


def test_it_is_a_therapist() -> None:
    assert isinstance(ScriptedTherapist(), Therapist)


def test_who_has_to_read_the_image_needs_eyes() -> None:
    with pytest.raises(UserError, match="has to read the image itself"):
        ScriptedTherapist(mode="base")


@pytest.mark.parametrize(
    "wrong",
    [
        {"policy": "mi_consistant"},
        {"mode": "tekst"},
        {"manner": "rude"},
        {"crisis_line": ""},
        {"crisis_line": "call\n112"},
        {"crisis_line": "x" * 121},
    ],
)
def test_what_is_not_known_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UserError, match="allowed"):
        ScriptedTherapist(**wrong)


async def test_the_same_scene_gives_the_same_reply() -> None:
    first = await ScriptedTherapist().respond(scene(WITH_US[:1]))
    assert first == await ScriptedTherapist().respond(scene(WITH_US[:1]))
    others = {
        (await ScriptedTherapist().respond(scene(WITH_US[:1], seed=seed))).text for seed in range(9)
    }
    assert len(others) > 3


@pytest.mark.parametrize("said", [WITH_US, AGAINST])
async def test_all_modes_open_alike(said: list[str]) -> None:
    text, _ = await session(said[:1])
    planned, _ = await session(said[:1], mode="p")
    assert text[0].text == planned[0].text
    assert text[0].acts == planned[0].acts == ("greeting", "open_question")


@pytest.mark.parametrize("said", [WITH_US, AGAINST])
@pytest.mark.parametrize("mode", ["text", "p"])
async def test_a_session_repeats_nothing_and_stacks_no_questions(
    said: list[str], mode: str
) -> None:
    for seed in range(5):
        turns, _ = await session(said, mode, seed=seed)
        phrases = [phrase for turn in turns for phrase in turn.phrases]
        assert len(phrases) == len(set(phrases))
        assert all(turn.text.count("?") <= 1 for turn in turns)
        assert all(turn.note for turn in turns)
        assert sum(turn.text.count("Laura") for turn in turns) <= 2


async def test_acts_and_manner_are_what_was_said() -> None:
    turns, _ = await session(WITH_US)
    for turn in turns:
        assert turn.acts
        assert turn.manner is not None
        assert turn.manner.words == len(turn.text.split())
        assert 0.0 <= turn.manner.hedging <= 1.0
        assert 0.5 <= turn.manner.fit <= 1.0


async def test_disagreement_is_welcomed_and_not_argued_with() -> None:
    turns, _ = await session(AGAINST)
    done = acts(turns)
    assert "affirm" in done
    assert not set(done) & {"confront", "persuade", "homework_cocreated", "homework_prescribed"}
    assert done.count("checking_impasse") <= 2
    assert turns[-1].acts == ("checking_impasse", "closing")


async def test_a_plan_is_worked_on_with_the_client_and_held_against_them() -> None:
    turns, plan = await session(WITH_US, "p")
    assert plan is not None
    assert plan.technique == "efficiency_evaluation"
    assert plan.stage >= 2
    assert any(phrase.startswith("plan.") for turn in turns for phrase in turn.phrases)
    turns, plan = await session(AGAINST, "p")
    assert plan is not None
    assert plan.stage == 0
    assert not any(phrase.startswith("plan.") for turn in turns for phrase in turn.phrases)


async def test_text_mode_works_without_a_plan() -> None:
    turns, plan = await session(WITH_US)
    assert plan is None
    assert all(turn.stage is None for turn in turns)
    assert not any(phrase.startswith("plan.") for turn in turns for phrase in turn.phrases)


async def test_a_plan_of_somebody_elses_is_left_alone() -> None:
    plan = Plan(technique="pie_chart", steps=("a custom step",))
    now = scene(WITH_US[:3], ["Hello.", "Hm."], plan=plan)
    turn = await ScriptedTherapist(mode="p").respond(now)
    assert turn.text
    assert turn.stage == 0


async def test_last_exchange_and_leaving_close() -> None:
    turns, _ = await session(WITH_US)
    assert turns[-1].acts == ("summary", "closing")
    gone = await ScriptedTherapist().respond(scene(WITH_US[:3], ["Hi.", "Hm."], leaving=True))
    assert gone.acts == ("closing",)
    assert "?" not in gone.text


async def test_one_exchange_only() -> None:
    turn = await ScriptedTherapist().respond(scene(WITH_US[:1], limit=1))
    assert turn.acts == ("summary", "closing")


async def test_a_crisis_cue_stops_the_reframing() -> None:
    therapist = ScriptedTherapist(mode="p", crisis_line="the night line on 0800 1111")
    said = [*WITH_US[:2], "They'd be better off without me. I want to kill myself."]
    plan = await therapist.plan(scene(said))
    turn = await therapist.respond(scene(said, ["Hello.", "Hm."], plan=plan))
    assert turn.acts == ("safety_inquiry",)
    assert "the night line on 0800 1111" in turn.text
    assert turn.stage is None
    later = scene(
        [*said, "Yeah, I want my evenings back."],
        ["Hello.", "Hm.", turn.text],
        plan=plan,
        phrases=turn.phrases,
    )
    stays = await therapist.respond(later)
    assert stays.acts == ("safety_inquiry",)


async def test_a_harmful_clause_is_not_said_back(tmp_path: Path) -> None:
    for file in BANK_A.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        text = text.replace(
            "On days like that it can seem certain that {you_clause}.", "{you_clause}!"
        )
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    blunt = ScriptedTherapist(bank=tmp_path)
    for clause, said_back in [("it's my fault, all of it", 0), ("they'll laugh at me", 1)]:
        said = [*WITH_US[:2], f"I think {clause}."]
        turns = [
            await blunt.respond(scene(said, ["Hello.", "Hm."], seed=seed)) for seed in range(40)
        ]
        assert [turn.text for turn in turns if screen_therapist(turn.text)] == []
        assert any("simple_reflection" in (turn.acts or ()) for turn in turns) >= said_back


@pytest.mark.parametrize(
    "name", ["Dr. Saunders", "X", "{name}", "Ana Maria", "12", "  ", "<b>Ana</b>"]
)
async def test_odd_names_are_not_spoken(name: str) -> None:
    card = CARD.model_copy(update={"name": name})
    for seed in range(10):
        turn = await ScriptedTherapist().respond(scene(WITH_US[:1], card=card, seed=seed))
        assert not any(odd in turn.text for odd in ("Dr", "X,", "{", "12", "<", "Maria"))


@pytest.mark.parametrize("text", ["", "...", "{you_clause} {name}", "\u202ei'm", "a" * 100_000])
async def test_any_words_get_a_reply(text: str) -> None:
    turn = await ScriptedTherapist().respond(scene([WITH_US[0], text], ["Hello."]))
    assert turn.text
    assert "{" not in turn.text.replace(text, "")


async def test_no_lines_at_all_get_a_reply() -> None:
    assert (await ScriptedTherapist().respond(scene([]))).text


MIXED = [
    "My sister booked this, and I said all right.",
    "I feel ashamed of how I shouted at my kids on Monday.",
    "It's nothing, really.",
    "No. That's not how it works.",
    "I can't sleep before the exams.",
    "I don't know.",
    "What should I do?",
    "I want my evenings back.",
    "I'll ring her on Sunday.",
    "Okay.",
]
ALWAYS_BANNED = re.compile(
    r"i hear you\b|completely valid|how does that make you feel|proud of you"
    r"|(?:it sounds like.*){2}",
    re.IGNORECASE,
)


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("policy", POLICIES)
async def test_every_policy_opens_closes_and_keeps_the_rules(policy: str, manner: str) -> None:
    for seed in range(6):
        for said in (MIXED, WITH_US, AGAINST):
            turns, _ = await session(said, "p", seed=seed, policy=policy, manner=manner)
            phrases = [phrase for turn in turns for phrase in turn.phrases]
            assert len(phrases) == len(set(phrases))
            assert "closing" in (turns[-1].acts or ())
            sentences = [
                one for turn in turns for one in re.findall(r"[^.!?]+[.!?]", turn.text)
                if len(one.split()) > 4
            ]  # fmt: skip
            assert len(sentences) - len(set(sentences)) <= 1
            for turn in turns:
                assert turn.text.count("?") <= 1
                assert not ALWAYS_BANNED.search(turn.text)
                assert screen_therapist(turn.text) == ()
                assert turn.manner is not None
                assert turn.manner.words == len(turn.text.split())
            gone = scene(said[:3], ["Hi.", "Hm."], leaving=True, seed=seed)
            left = await ScriptedTherapist(policy=policy, manner=manner).respond(gone)
            assert left.acts == ("closing",)


@pytest.mark.parametrize("policy", POLICIES)
async def test_manner_keeps_the_codes_and_changes_how(policy: str) -> None:
    figures = {}
    for manner in MANNERS:
        turns = [
            turn
            for seed in range(12)
            for said in (MIXED, WITH_US)
            for turn in (await session(said, seed=seed, policy=policy, manner=manner))[0]
        ]
        ways = [turn.manner for turn in turns if turn.manner is not None]
        figures[manner] = (
            statistics.mean(way.permission for way in ways),
            statistics.mean(way.hedging for way in ways),
            statistics.mean(way.fit for way in ways),
            statistics.median(way.words for way in ways),
        )
    good, poor = figures["good"], figures["poor"]
    assert poor[0] < 0.02 < 0.03 < good[0]
    assert poor[1] < 0.06 < good[1]
    assert poor[2] < 0.3 < good[2]
    assert good[3] <= 22
    assert 1.2 * good[3] < poor[3]


@pytest.mark.parametrize("manner", MANNERS)
async def test_the_first_reply_has_the_same_codes_in_either_manner(manner: str) -> None:
    said = [*MIXED[:3]]
    turns, _ = await session(said, manner=manner)
    expected, _ = await session(said)
    assert turns[0].acts == expected[0].acts


async def test_policies_differ_in_what_they_do() -> None:
    share = {}
    for policy in POLICIES:
        done = [
            act
            for seed in range(10)
            for said in (MIXED, AGAINST, WITH_US)
            for act in acts((await session(said, seed=seed, policy=policy))[0])
        ]
        share[policy] = {act: done.count(act) / len(done) for act in set(done)}
    told = ("persuade", "persuade_with_permission", "giving_information", "homework_prescribed")
    assert sum(share["directive"].get(act, 0) for act in told) > 0.3
    assert share["confrontational"]["confront"] > 0.25
    assert not set(share["mi_consistent"]) & {"confront", "persuade", "homework_prescribed"}
    assert share["eliza"]["simple_reflection"] + share["eliza"]["open_question"] > 0.6
    assert len(share["random"]) >= 18


async def test_safety_is_spoken_alike_by_everybody() -> None:
    said = [*WITH_US[:2], "They'd be better off without me. I want to kill myself."]
    for replies, phrases in ((["Hello.", "Hm."], ()), (["A.", "B."], ("safety_inquiry/core/0",))):
        spoken = {
            (await ScriptedTherapist(policy=policy, manner=manner).respond(
                scene(said, replies, phrases=phrases)
            )).text
            for policy in POLICIES
            for manner in MANNERS
        }  # fmt: skip
        assert len(spoken) == 1


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("policy", POLICIES)
async def test_a_bank_with_only_what_is_needed_works(
    policy: str, manner: str, tmp_path: Path
) -> None:
    asks = ("question", "collaboration", "offer", "cocreated", "impasse")
    words = "".join(
        f'{key}:\n  cores:\n    - "Words for {key.replace(".", " ").replace("_", " ")}'
        f'{"?" if key.split(".")[0].endswith(asks) else "."}"\n'
        for key in sorted(NEEDED_KEYS)
    )
    (tmp_path / "words.yaml").write_text(words, encoding="utf-8")
    plan = Plan(
        technique="pie_chart",
        steps=tuple(step.line for step in load_techniques()["pie_chart"].steps),
    )
    for said in (MIXED, WITH_US, AGAINST, [*MIXED[:4], "I want to kill myself.", "Yeah."]):
        turns, at = await session(said, "p", policy=policy, manner=manner, bank=tmp_path, plan=plan)
        assert all(turn.text.startswith("Words for") for turn in turns)
        assert all(turn.text.count("?") <= 1 for turn in turns)
        assert at is not None
        if said is WITH_US and policy in ("mi_consistent", "directive"):
            assert at.stage >= 3


WILLING = ["I'm here because of it.", *["It was on Monday, at work.", "Yeah, that's right."] * 8]


@pytest.mark.parametrize("technique", TECHNIQUES)
async def test_each_step_of_each_technique_in_order(technique: Any) -> None:
    steps = load_techniques()[technique].steps
    plan = Plan(technique=technique, steps=tuple(step.line for step in steps))
    said = [*WILLING[:9], "I want it to be different.", *WILLING[9:]]
    turns, after = await session(said, "p", limit=len(said), plan=plan)
    put: list[int] = []
    for turn in turns:
        for phrase in turn.phrases:
            if phrase.startswith(f"plan.{technique}.") and "/core/" in phrase:
                at = int(phrase.split("/")[0].split(".")[2])
                assert turn.stage == at
                put.append(at)
    assert put == sorted(put)
    wanted = [at for at, step in enumerate(steps) if not step.act.startswith("homework")]
    assert set(wanted) <= set(put), put
    assert after is not None
    assert after.stage >= len(steps) - 1


async def test_steps_hold_the_clients_own_words() -> None:
    plan = Plan(
        technique="evidence_based_questioning",
        steps=tuple(step.line for step in load_techniques()["evidence_based_questioning"].steps),
    )
    said = ["Well, hello there.", "I think they'll find out I'm a fraud.", "Yeah, that's right."]
    asked = []
    for seed in range(20):
        turns, _ = await session(said, "p", seed=seed, plan=plan)
        asked += [turn.text.lower() for turn in turns[1:]]
    assert any("they'll find out you're a fraud" in text for text in asked)


async def test_a_disclosure_is_taken_up_before_the_plan() -> None:
    told = (
        "When I was nine my father left in the night, and in the morning my mother laid the "
        "table for four. I've never told anyone that."
    )
    for seed in range(12):
        turns, _ = await session([*WITH_US[:2], told, "Yeah."], "p", seed=seed)
        assert not any(phrase.startswith("plan.") for phrase in turns[2].phrases)
        assert "?" not in turns[2].text or "open_question" in (turns[2].acts or ())


async def test_directive_works_through_a_plan_and_prescribes() -> None:
    turns, plan = await session(WITH_US, "p", policy="directive")
    assert plan is not None
    assert plan.stage >= 3
    done = acts(turns)
    assert "homework_prescribed" in done
    assert "homework_cocreated" not in done


@pytest.mark.parametrize("policy", ["confrontational", "eliza", "random"])
async def test_others_leave_a_plan_alone(policy: str) -> None:
    turns, plan = await session(WITH_US, "p", policy=policy)
    assert plan is not None
    assert plan.stage == 0
    assert all(turn.stage is None for turn in turns)


async def test_a_mismatch_of_words_and_face_is_named_once_with_doubt_and_a_way_out() -> None:
    sad = Perception(
        action_units=tuple(ActionUnit(au=au, intensity=2.5) for au in (1, 4, 15)), valence=-0.6
    )
    therapist = ScriptedTherapist(mode="ec")
    seen = dataclasses.replace(
        scene([*WITH_US[:2], "I'm fine."], ["Hello.", "How was it?"]), perception=sad
    )
    turn = await therapist.respond(seen)
    assert turn.acts == ("naming_mismatch",)
    assert re.search(r"wrong|misread|mistaken", turn.text)
    assert re.search(r"leave it|let it be|needn't go", turn.text)
    assert not re.search(r"face|eye|mouth|brow|smile|look", turn.text)
    again = dataclasses.replace(seen, phrases=turn.phrases)
    assert "naming_mismatch" not in ((await therapist.respond(again)).acts or ())
    unseen = dataclasses.replace(seen, perception=None)
    assert "naming_mismatch" not in ((await therapist.respond(unseen)).acts or ())
