"""The scripted judge: contract, its own coding, and what each variant is shown."""

from dataclasses import replace

import pytest

from mirrorplay.agents.conformance import check_judge
from mirrorplay.agents.judge import ScriptedJudge
from mirrorplay.agents.roles import Image, Judge, ObservedLine, Transcript
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import IntakeCard
from mirrorplay.policies.facs import ActionUnit, Perception
from mirrorplay.policies.instruments.item import instruments, items

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
SMILE = Image(b"\xff\xd8smile", "image/jpeg", 1, 1)
AWAY = Image(b"\xff\xd8away", "image/jpeg", 1, 1)
WAI_BOND = ("wai", "bond")
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


async def test_it_rates_every_instrument_and_says_by_what() -> None:
    scores = (await ScriptedJudge().score(transcript(WORDS))).scores
    assert {score.instrument for score in scores} == {one.id for one in instruments()}
    assert len(scores) > 0.8 * len(items())
    assert {score.rater for score in scores} == {"scripted-v1:words"}


async def test_it_rates_what_it_is_asked_for() -> None:
    judge = ScriptedJudge(("wai", "ctrs"))
    scores = (await judge.score(transcript(WORDS))).scores
    assert {score.instrument for score in scores} == {"wai", "ctrs"}
    assert len(scores) == 9


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(UserError, match="did you mean 'ctrs'"):
        ScriptedJudge(("ctr",))
    with pytest.raises(UserError, match="is no variant"):
        ScriptedJudge(variant="words+voice")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="without eyes"):
        ScriptedJudge(variant="words+face")
    with pytest.raises(UserError, match="with eyes"):
        ScriptedJudge(eyes=Eyes())


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
        faces=(SMILE, None),
    )
    judge = ScriptedJudge()
    assert not judge.looks_at_faces
    assert await judge.score(bare) == await judge.score(told)


class Eyes:
    """Sees a smile in one picture and eyes turned away in any other."""

    def __init__(self) -> None:
        self.looked = 0

    async def look(self, image: Image) -> Perception:
        self.looked += 1
        if image == SMILE:
            units = (ActionUnit(au=6, intensity=3), ActionUnit(au=12, intensity=3))
            return Perception(action_units=units)
        return Perception(gaze_y=-0.7)


async def test_stage_directions_count_in_the_variant_that_reads_them() -> None:
    judge = ScriptedJudge(variant="words+stage")
    assert judge.rater == "scripted-v1:words+stage"

    def with_stage(direction: str) -> Transcript:
        bare = transcript(WORDS)
        lines = (
            replace(line, stage_direction=direction if line.speaker == "client" else None)
            for line in bare.lines
        )
        return replace(bare, lines=tuple(lines), faces=(SMILE, SMILE))

    away = await judge.score(with_stage("looks away, arms folded"))
    smiling = await judge.score(with_stage("smiles, nods"))
    assert {score.rater for score in away.scores} == {judge.rater}
    bond = [
        next(score.value for score in one.scores if (score.instrument, score.item) == WAI_BOND)
        for one in (away, smiling)
    ]
    assert bond[0] < bond[1]
    without_faces = replace(with_stage("smiles, nods"), faces=())
    assert await judge.score(without_faces) == smiling


async def test_faces_count_in_the_variant_that_looks_at_them() -> None:
    eyes = Eyes()
    judge = ScriptedJudge(variant="words+face", eyes=eyes)
    assert judge.looks_at_faces
    assert judge.rater == "scripted-v1:words+face"
    smiling = await judge.score(transcript(WORDS, faces=(SMILE,) * 5))
    away = await judge.score(transcript(WORDS, faces=(AWAY,) * 5))
    assert eyes.looked == 10
    bond = [
        next(score.value for score in one.scores if (score.instrument, score.item) == WAI_BOND)
        for one in (away, smiling)
    ]
    assert bond[0] < bond[1]
    told = transcript(WORDS, faces=(SMILE,) * 5)
    lines = tuple(replace(line, stage_direction="sneers") for line in told.lines)
    assert await judge.score(replace(told, lines=lines)) == smiling


async def test_without_a_face_what_rests_on_faces_is_absent() -> None:
    judge = ScriptedJudge(variant="words+face", eyes=Eyes())
    unseen = await judge.score(transcript(WORDS, faces=(None,) * 5))
    assert WAI_BOND not in {(score.instrument, score.item) for score in unseen.scores}
    assert unseen == await judge.score(transcript(WORDS))
    one = await judge.score(transcript(WORDS, faces=(None, SMILE)))
    assert WAI_BOND in {(score.instrument, score.item) for score in one.scores}


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
    assert (await ScriptedJudge().score(transcript(WORDS[:1]))).scores == ()
    assert (await ScriptedJudge().score(transcript([]))).scores == ()


async def test_long_and_giant_sessions_are_rated() -> None:
    hundreds = (await ScriptedJudge().score(transcript(WORDS * 50))).scores
    assert {score.instrument for score in hundreds} == {one.id for one in instruments()}
    giant = [text + " and so on" * 50_000 for text in WORDS]
    assert (await ScriptedJudge().score(transcript(giant))).scores
    odd = ["", "?!", "\u0000\u202e", "🙂" * 50]
    assert (await ScriptedJudge().score(transcript(odd))).scores
