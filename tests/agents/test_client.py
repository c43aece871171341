"""The scripted client in a session."""

import random
import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mirrorplay.agents.client import ScriptedClient
from mirrorplay.agents.roles import Client, ClientScene, ClientTurn, SpokenLine, TherapistTurn
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import (
    RESISTANCE_TYPES,
    Intake,
    Memory,
    Persona,
    ResistanceProfile,
    ResistanceType,
    Talk,
)
from mirrorplay.policies.acts import CLIENT_ACTS, RESISTANT_ACTS, Manner, TherapistAct
from mirrorplay.policies.seeds import Draws

Policy = Callable[[int, ClientTurn, random.Random], TherapistTurn]
BARE = Persona(id="bare", intake=Intake(name="Ada"), resistance=ResistanceProfile(type="none"))
TELLER = Persona(
    id="teller",
    intake=Intake(name="Bo", reason="I keep checking the door."),
    talk=Talk(topic="the front door", thought="it's not locked", feeling="stupid"),
    memories=(
        Memory(id="early", text="I drove back twice on Monday.", threshold=0.1),
        Memory(id="late", text="My brother found me at the lock at three.", threshold=0.6),
    ),
    resistance=ResistanceProfile(type="emotional"),
)


def strong(kind: ResistanceType) -> ResistanceProfile:
    return ResistanceProfile(type=kind, intensity=0.9, reactivity=0.7, masking=0.5)


def good(exchange: int, turn: ClientTurn, rng: random.Random) -> TherapistTurn:
    manner = Manner(hedging=0.5, words=14, fit=0.85, permission=exchange > 4)
    if turn.act in RESISTANT_ACTS:
        acts: tuple[TherapistAct, ...] = ("complex_reflection", "emphasize_autonomy")
        return TherapistTurn("You'd rather not, and that's yours to say.", acts, manner)
    if exchange >= 7:
        return TherapistTurn("What could you try this week?", ("homework_cocreated",), manner)
    act: TherapistAct = rng.choice(("open_question", "socratic_question"))
    return TherapistTurn("What else could explain it?", ("simple_reflection", act), manner)


def reflecting(exchange: int, turn: ClientTurn, rng: random.Random) -> TherapistTurn:
    return TherapistTurn("It wears on you.", ("simple_reflection",), Manner(words=4, fit=0.8))


def bad(exchange: int, turn: ClientTurn, rng: random.Random) -> TherapistTurn:
    act: TherapistAct = rng.choice(("persuade", "confront", "homework_prescribed"))
    return TherapistTurn("You just need to try it.", (act,), Manner(words=40, fit=0.2))


async def session(
    client: Client,
    persona: Persona,
    profile: ResistanceProfile,
    seed: int,
    policy: Policy,
    exchanges: int = 10,
) -> list[ClientTurn]:
    scene = ClientScene(
        persona=persona,
        profile=profile,
        state=None,
        lines=(),
        reply=None,
        exchange=1,
        max_exchanges=exchanges,
        turn=0,
        disclosed=(),
        phrases=(),
        acts=(),
        draws=Draws(seed, persona.id, 0),
    )
    turns: list[ClientTurn] = []
    while True:
        turn = await client.speak(scene)
        turns.append(turn)
        if turn.leaving or scene.exchange == exchanges:
            return turns
        reply = policy(scene.exchange, turn, random.Random(f"{seed}/{scene.exchange}"))
        scene = replace(
            scene,
            state=turn.state,
            lines=(
                *scene.lines,
                SpokenLine("client", turn.text),
                SpokenLine("therapist", reply.text),
            ),
            reply=reply,
            exchange=scene.exchange + 1,
            turn=scene.turn + 2,
            disclosed=(*scene.disclosed, *turn.disclosed),
            phrases=(*scene.phrases, *turn.phrases),
            acts=(*scene.acts, turn.act),
        )


def resistance(turns: list[ClientTurn]) -> float:
    return statistics.mean(turn.act in RESISTANT_ACTS for turn in turns)


async def test_the_same_seed_gives_the_same_session_and_another_a_different_one() -> None:
    runs = [
        await session(ScriptedClient(), TELLER, strong("cognitive"), s, good) for s in (1, 1, 2)
    ]
    assert runs[0] == runs[1]
    assert [turn.text for turn in runs[0]] != [turn.text for turn in runs[2]]


@pytest.mark.parametrize("kind", ["emotional", "cognitive", "behavioral", "none"])
async def test_a_bare_persona_plays_whole_sessions(kind: ResistanceType) -> None:
    for seed in range(5):
        turns = await session(ScriptedClient(), BARE, strong(kind), seed, good)
        ids = [identifier for turn in turns for identifier in turn.phrases]
        assert len(ids) == len(set(ids))
        assert all(turn.text and turn.stage_direction for turn in turns)
        assert not any("{" in turn.text for turn in turns)


async def test_replies_without_stated_acts_are_appraised() -> None:
    def model(exchange: int, turn: ClientTurn, rng: random.Random) -> TherapistTurn:
        return TherapistTurn(text="You should stop making excuses. Just do it.")

    def kind(exchange: int, turn: ClientTurn, rng: random.Random) -> TherapistTurn:
        return TherapistTurn(text="It's up to you. That took courage. What was it like?")

    who = strong("cognitive")
    pushed = await session(ScriptedClient(), TELLER, who, 3, model, 5)
    met = await session(ScriptedClient(), TELLER, who, 3, kind, 5)
    assert pushed[-1].state.confrontation > met[-1].state.confrontation + 0.1
    assert pushed[-1].state.trust < met[-1].state.trust


async def test_variants_of_the_dynamics() -> None:
    who = strong("cognitive")
    static = await session(ScriptedClient(dynamics="static"), TELLER, who, 1, good, 6)
    assert len({turn.state for turn in static}) == 1
    memoryless = await session(ScriptedClient(dynamics="memoryless"), TELLER, who, 1, good)
    full = await session(ScriptedClient(), TELLER, who, 1, good)
    assert full[-1].state.trust > memoryless[-1].state.trust + 0.05
    assert static[0].state == memoryless[0].state == full[0].state


async def test_two_arms_meet_the_same_client() -> None:
    ways = [
        await session(ScriptedClient(), TELLER, strong("none"), 9, way, 3) for way in (good, bad)
    ]
    assert ways[0][0] == ways[1][0]
    assert ways[0][-1].state != ways[1][-1].state


async def test_what_was_heard_moves_words_and_nothing_else() -> None:
    """Two arms that say different things meet other words for the same act and face."""

    def asking(text: str) -> Policy:
        manner = Manner(words=6, fit=0.5)
        return lambda exchange, turn, rng: TherapistTurn(text, ("open_question",), manner)

    same = 0
    for seed in range(30):
        one, two = [
            await session(ScriptedClient(), TELLER, strong("cognitive"), seed, asking(text), 2)
            for text in ("What happened then?", "What happened next?")
        ]
        assert one[0] == two[0]
        assert (one[1].act, one[1].state, one[1].expression) == (
            two[1].act,
            two[1].state,
            two[1].expression,
        )
        same += one[1].text == two[1].text
    assert same < 15


async def test_nobody_comes_in_with_the_same_words_whatever_the_resistance() -> None:
    same = 0
    for seed in range(30):
        one, two = [
            await session(ScriptedClient(), TELLER, strong(kind), seed, good, 1)
            for kind in ("cognitive", "behavioral")
        ]
        same += one[0].text == two[0].text
    assert same < 15


async def test_memories_are_told_once_and_only_where_trust_allows() -> None:
    told: Counter[str] = Counter()
    for seed in range(60):
        kind = RESISTANCE_TYPES[seed % 4]
        turns = await session(
            ScriptedClient(), TELLER, ResistanceProfile(type=kind, intensity=0.4), seed, good
        )
        seen = [name for turn in turns for name in turn.disclosed]
        assert len(seen) == len(set(seen))
        told.update(seen)
        for turn in turns:
            for memory in TELLER.memories:
                if memory.id in turn.disclosed:
                    assert turn.state.trust >= memory.threshold
                    assert memory.text in turn.text
                    assert turn.act == "disclosing"
    assert told["early"] > told["late"] > 0


async def test_the_therapist_makes_the_difference() -> None:
    client = ScriptedClient()
    for kind in ("emotional", "cognitive", "behavioral"):
        well = [await session(client, TELLER, strong(kind), s, good) for s in range(50)]
        badly = [await session(client, TELLER, strong(kind), s, bad) for s in range(50)]
        assert statistics.mean(map(resistance, well)) < 0.65
        assert statistics.mean(map(resistance, badly)) > 0.75
        left = [sum(turns[-1].leaving for turns in runs) for runs in (well, badly)]
        assert left[0] <= 6
        assert left[1] >= 15
        assert all(len(turns) >= 3 for turns in (*well, *badly))


async def test_a_cooperative_client_comes_round_to_something() -> None:
    runs = [await session(ScriptedClient(), TELLER, strong("none"), s, good) for s in range(60)]
    ends = [{turn.act for turn in turns[-4:]} for turns in runs]
    leaning = sum(bool(end & {"committing", "change_talk", "insight"}) for end in ends)
    assert leaning > 0.8 * len(runs)
    assert statistics.mean(map(resistance, runs)) < 0.25
    assert not any(turns[-1].leaving for turns in runs)


async def test_replies_are_short() -> None:
    words = [
        len(turn.text.split())
        for kind in ("emotional", "cognitive", "behavioral", "none")
        for seed in range(15)
        for policy in (good, bad, reflecting)
        for turn in await session(ScriptedClient(), TELLER, strong(kind), seed, policy)
    ]
    assert 5 <= statistics.median(words) <= 10
    assert sum(count <= 3 for count in words) > 0.1 * len(words)


async def test_a_reflection_is_often_answered_in_three_words_or_fewer() -> None:
    words = [
        len(turn.text.split())
        for seed in range(40)
        for turn in (await session(ScriptedClient(), BARE, BARE.resistance, seed, reflecting))[1:]
    ]
    assert 0.3 < statistics.mean(count <= 3 for count in words) < 0.7


async def test_a_client_that_leaves_says_so_and_is_seen_to() -> None:
    for seed in range(60):
        turns = await session(ScriptedClient(), TELLER, strong("emotional"), seed, bad)
        if turns[-1].leaving:
            assert turns[-1].stage_direction.startswith(("gets up", "stands up"))
            assert turns[-1].phrases[0].startswith("leaving")
            return
    raise AssertionError("nobody left")


@pytest.mark.parametrize(
    "arguments", [{"appraisal": "embeded"}, {"dynamics": "ful"}, {"bank": Path("/nowhere")}]
)
def test_wrong_settings_are_a_users_mistake(arguments: dict[str, object]) -> None:
    with pytest.raises(UserError):
        ScriptedClient(**arguments)  # type: ignore[arg-type]


def test_a_bank_without_words_for_an_act_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text("asking: {cores: [moo]}\n")
    with pytest.raises(UserError, match="answering"):
        ScriptedClient(bank=tmp_path)


async def test_another_bank_gives_other_words(tmp_path: Path) -> None:
    keys = (*CLIENT_ACTS, "opening", "leaving", "disclosing.memory")
    (tmp_path / "bank.yaml").write_text("".join(f"{key}: {{cores: [moo]}}\n" for key in keys))
    turns = await session(ScriptedClient(bank=tmp_path), BARE, strong("cognitive"), 1, good, 4)
    assert {turn.text for turn in turns} <= {"Moo", "Moo Moo"}
