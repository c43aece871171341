"""The therapist played by a model: five arms, one opening, one plan, a budget."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from mirrorplay.agents.conformance import check_therapist, therapist_scene
from mirrorplay.agents.minds.budget import Budget
from mirrorplay.agents.minds.therapist import ModelTherapist, plan_messages
from mirrorplay.agents.models.message import Message
from mirrorplay.agents.models.mind import Mind, MindFailed
from mirrorplay.agents.models.scripted import Asked, FunctionChat
from mirrorplay.agents.roles import MODES, Image, SpokenLine, TherapistScene
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.expression import Perception
from mirrorplay.policies.reframing import Plan

FACE = Image(b"now", "image/jpeg", 8, 8)
OLD = Image(b"old", "image/jpeg", 8, 8)
PLAN = Plan(technique="pie_chart", steps=("Ask leave to look", "Draw the circle", "Compare"))
SEEN = Perception(caption="lips pressed together; perhaps guarded")
SESSION = (
    SpokenLine("client", "I keep thinking it's my fault."),
    SpokenLine("therapist", "It sits with you."),
    SpokenLine("client", "Every night, yes."),
)
WRITTEN = "Technique: pie chart\n1. Ask leave to look\n2. Draw the circle\n3. Compare"


def answering(reply: str = "What did the night bring?") -> Callable[[Asked], str]:
    return lambda asked: WRITTEN if "TECHNIQUES" in asked.text else reply


def therapist(
    mode: str = "text", answer: Callable[[Asked], str] | None = None, **settings: object
) -> ModelTherapist:
    mind = Mind(FunctionChat(answer=answer or answering()), role="therapist")
    return ModelTherapist(mind, mode, **settings)  # type: ignore[arg-type]


def first(**changes: object) -> TherapistScene:
    return therapist_scene(**{"image": FACE, "perception": SEEN, "plan": PLAN, **changes})


def later(**changes: object) -> TherapistScene:
    return first(**{"lines": SESSION, "exchange": 2, "turn": 3, **changes})


def text(messages: list[Message]) -> str:
    return "\n".join(message.text for message in messages)


@pytest.mark.parametrize("mode", MODES)
async def test_keeps_the_contract(mode: str) -> None:
    await check_therapist(therapist(mode))


def test_all_arms_open_identically() -> None:
    opened = [therapist(mode).messages(first()) for mode in MODES]
    assert all(messages == opened[0] for messages in opened)
    assert not any(message.images for message in opened[0])
    assert "pie_chart" not in text(opened[0])
    assert "lips pressed" not in text(opened[0])


async def test_all_arms_plan_alike() -> None:
    assert plan_messages(first()) == plan_messages(replace(first(), image=None, perception=None))
    assert "lips pressed" not in text(plan_messages(first()))


@pytest.mark.parametrize(
    ("mode", "image", "caption", "plan"),
    [
        ("text", False, False, False),
        ("base", True, False, False),
        ("p", True, False, True),
        ("ec", True, True, False),
        ("p+ec", True, True, True),
    ],
)
def test_what_each_arm_is_shown_after_that(
    mode: str, image: bool, caption: bool, plan: bool
) -> None:
    messages = therapist(mode).messages(later())
    assert bool(messages[-1].images) is image
    assert ("The picture shows" in text(messages)) is image
    assert ("lips pressed together; perhaps guarded" in text(messages)) is caption
    assert ("Draw the circle" in text(messages)) is plan


def test_the_session_is_told_as_turns_with_the_clients_last_at_the_end() -> None:
    messages = therapist().messages(later())
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[2].text == "It sits with you."
    assert "Every night, yes." in messages[-1].text


def test_the_system_prompt_is_the_same_throughout() -> None:
    assert therapist("p+ec").messages(first())[0] == therapist("text").messages(later())[0]


async def test_the_brief_style_keeps_arms_and_opening() -> None:
    for mode in MODES:
        await check_therapist(therapist(mode, style="brief"))
    opened = [therapist(mode, style="brief").messages(first()) for mode in MODES]
    assert all(messages == opened[0] for messages in opened)
    assert len(text(opened[0])) < 600
    assert "Draw the circle" in text(therapist("p", style="brief").messages(later()))


async def test_a_plan_is_read_in_the_prompts_own_form() -> None:
    assert await therapist("p").plan(first(plan=None)) == PLAN


@pytest.mark.parametrize(
    ("words", "stage"),
    [("Yes, I could look at that.", 1), ("No. That's not it, I don't want to.", 0)],
)
async def test_a_step_counts_once_it_was_put_to_a_client_who_goes_along(
    words: str, stage: int
) -> None:
    lines = (*SESSION[:2], SpokenLine("client", words))
    turn = await therapist("p").respond(later(lines=lines))
    assert turn.stage == stage


async def test_the_first_reply_moves_no_plan_and_arms_without_one_have_no_stage() -> None:
    assert (await therapist("p").respond(first())).stage == 0
    assert (await therapist("base").respond(later())).stage is None


def test_a_plan_that_is_done_says_so() -> None:
    done = PLAN.model_copy(update={"stage": 3})
    assert "All of its steps are done" in text(therapist("p").messages(later(plan=done)))
    assert "You are at step 1." in text(therapist("p").messages(later()))


async def test_what_the_model_meant_it_cannot_say() -> None:
    turn = await therapist().respond(later())
    assert (turn.acts, turn.manner) == (None, None)
    assert turn.usage.calls == 1


@pytest.mark.parametrize(
    "page",
    [
        "**Therapist:** What did the night bring?",
        'Therapist: "What did the night bring?"\n\nClient: Nothing.',
        "[leans forward] What did the night bring?",
        "Here is my reply:\n\nWhat did the night bring? (pauses)",
    ],
)
async def test_only_words_come_out(page: str) -> None:
    turn = await therapist(answer=answering(page)).respond(later())
    assert turn.text == "What did the night bring?"


async def test_no_words_or_no_plan_fail_the_session() -> None:
    with pytest.raises(MindFailed, match="no reply"):
        await therapist(answer=lambda asked: "[nods]").respond(later())
    with pytest.raises(MindFailed, match="no plan"):
        await therapist("p", answer=lambda asked: "I'd listen.").plan(later())


def test_a_client_who_leaves_and_the_last_exchange_are_said_so_in_every_arm() -> None:
    for mode in MODES:
        assert "getting up to go" in text(therapist(mode).messages(later(leaving=True)))
        assert "your last reply" in text(therapist(mode).messages(later(exchange=10)))


def test_words_of_danger_are_met_at_once_in_every_arm() -> None:
    lines = (SpokenLine("client", "I want to kill myself."),)
    for mode in MODES:
        shown = text(therapist(mode, crisis_line="the 988 line").messages(first(lines=lines)))
        assert "These words may be about danger" in shown
        assert shown.count("the 988 line") == 2


def remembering(exchanges: int) -> TherapistScene:
    """A scene that carries the faces of earlier turns too."""
    lines = tuple(
        SpokenLine("client" if at % 2 == 0 else "therapist", f"line {at}")
        for at in range(2 * exchanges + 1)
    )
    faces = (OLD,) * exchanges
    return later(lines=lines, exchange=exchanges + 1, turn=len(lines), faces=faces)


def test_each_turns_face_stands_at_its_turn_but_the_first() -> None:
    shown = [m.images for m in therapist("base").messages(remembering(3)) if m.role == "user"]
    assert shown == [(), (OLD,), (OLD,), (FACE,)]
    assert not any(m.images for m in therapist("text").messages(remembering(3)))


def test_old_faces_go_first_then_old_exchanges() -> None:
    everything = therapist("base", budget=Budget(100_000)).messages(remembering(6))
    need = Budget(0).of(everything)
    fewer = therapist("base", budget=Budget(need - 1700)).messages(remembering(6))
    assert [m.text for m in fewer] == [m.text for m in everything]
    assert [len(m.images) for m in fewer if m.role == "user"] == [0, 0, 0, 0, 1, 1, 1]
    least = therapist("base", budget=Budget(1)).messages(remembering(6))
    assert [m.role for m in least] == ["system", "user"]
    assert least[-1].images == (FACE,)


def test_mistakes_are_told() -> None:
    with pytest.raises(UserError, match="unknown therapist mode 'ce'"):
        therapist("ce")
    with pytest.raises(UserError, match="cannot be said"):
        therapist(crisis_line="</client>")


async def test_seeds_differ_by_turn_and_by_what_is_asked() -> None:
    seeds: list[int | None] = []

    def answer(asked: Asked) -> str:
        seeds.append(asked.seed)
        return answering()(asked)

    one = therapist("p", answer)
    await one.plan(later())
    await one.respond(later())
    await one.respond(later(turn=5))
    await one.respond(later(turn=5))
    assert len(set(seeds)) == 3
    assert seeds[2] == seeds[3]
