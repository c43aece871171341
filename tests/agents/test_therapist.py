"""The scripted therapist, through its scene."""

import dataclasses
from pathlib import Path

import pytest

from mirrorplay.agents.roles import SpokenLine, Therapist, TherapistScene, TherapistTurn
from mirrorplay.agents.therapist import ScriptedTherapist
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import IntakeCard
from mirrorplay.policies.phrasing.bank import BANK_A
from mirrorplay.policies.reframing import Plan
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
    said: list[str], mode: str = "text", limit: int = 10, seed: int = 7
) -> tuple[list[TherapistTurn], Plan | None]:
    therapist = ScriptedTherapist(mode=mode)
    turns: list[TherapistTurn] = []
    phrases: list[str] = []
    plan: Plan | None = None
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


@pytest.mark.parametrize("mode", ["base", "ec", "p+ec"])
def test_image_modes_need_a_perceiver(mode: str) -> None:
    with pytest.raises(UserError, match=r"image modes need a perceiver[\s\S]*text, p"):
        ScriptedTherapist(mode=mode)


@pytest.mark.parametrize(
    "wrong",
    [
        {"policy": "mi_consistant"},
        {"mode": "tekst"},
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
