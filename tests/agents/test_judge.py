"""The scripted judge: contract, its own coding, and blindness to everything but words."""

from dataclasses import replace

from mirrorplay.agents.conformance import check_judge
from mirrorplay.agents.judge import ScriptedJudge
from mirrorplay.agents.roles import Image, Judge, ObservedLine, Transcript
from mirrorplay.personas.schema import IntakeCard

CARD = IntakeCard(name="Ada", age=40, gender=None, occupation=None, reason=None)
WORDS = [
    "I don't see what talking about it will change.",
    "Talking hasn't changed much so far. What would make today worth it?",
    "My manager ignores me. I lie awake and I feel sick about Monday.",
    "Monday is heavy already. What goes through your mind when you lie awake?",
    "That I'm finished there. I never thought about where that comes from.",
    "You're afraid of being finished there. What's the evidence for it, as you see it?",
    "Not much, I suppose. Maybe I've been reading her silence as anger.",
    "You noticed that yourself. What would be one small step to test it this week?",
    "I could ask her. Okay, I'll ask her on Monday.",
    "You'll ask her. It's up to you how. What might get in the way?",
]
PUSHING = [
    "You should stop worrying.",
    "You need to face the truth.",
    "Why don't you just try harder?",
    "You're just making excuses.",
    "For homework, I want you to write a diary.",
]


def transcript(words: list[str], **changes: object) -> Transcript:
    lines = tuple(
        ObservedLine(index, "therapist" if index % 2 else "client", text)
        for index, text in enumerate(words)
    )
    return replace(Transcript(CARD, lines, "resolved"), **changes)  # type: ignore[arg-type]


async def values(words: list[str]) -> dict[str, float]:
    scores = (await ScriptedJudge().score(transcript(words))).scores
    return {f"{score.instrument}.{score.item}": score.value for score in scores}


async def test_it_keeps_the_contract() -> None:
    judge = ScriptedJudge()
    assert isinstance(judge, Judge)
    await check_judge(judge)


async def test_it_rates_every_item_and_says_by_what() -> None:
    scores = (await ScriptedJudge().score(transcript(WORDS))).scores
    assert len(scores) == 12
    assert {score.rater for score in scores} == {"scripted-v0:words"}


async def test_a_pushing_therapist_is_rated_lower_on_the_same_client() -> None:
    pushed = [PUSHING[index // 2] if index % 2 else text for index, text in enumerate(WORDS)]
    good, bad = await values(WORDS), await values(pushed)
    for item in ("understanding", "interpersonal_effectiveness", "collaboration"):
        assert good[f"ctrs.{item}"] > bad[f"ctrs.{item}"] + 1
    assert good["ctrs.guided_discovery"] > bad["ctrs.guided_discovery"] + 1
    assert good["ctrs.strategy"] > bad["ctrs.strategy"]
    assert good["wai.bond"] > bad["wai.bond"]


async def test_stage_directions_codes_and_faces_move_no_score() -> None:
    bare = transcript(WORDS)
    told = replace(
        bare,
        lines=tuple(
            replace(line, stage_direction="[sneers]", codes=("challenging", "talk:sustain"))
            for line in bare.lines
        ),
        faces=(Image(b"\xff\xd8", "image/jpeg", 1, 1), None),
    )
    judge = ScriptedJudge()
    assert await judge.score(bare) == await judge.score(told)


async def test_words_do_move_scores() -> None:
    resisting = [
        text if index % 2 else "No. That's not going to work and I won't do it."
        for index, text in enumerate(WORDS)
    ]
    soft, hard = await values(WORDS), await values(resisting)
    assert hard["resistance_trajectory.last"] > soft["resistance_trajectory.last"]
    assert hard["wai.task"] < soft["wai.task"]


async def test_too_short_a_session_has_no_scores() -> None:
    assert (await ScriptedJudge().score(transcript(WORDS[:2]))).scores == ()
    assert (await ScriptedJudge().score(transcript([]))).scores == ()
