"""One session is one graph: topology, determinism, who sees what."""

from dataclasses import replace

import pytest

import house_parts
from mirrorplay.agents.judge import ScriptedJudge
from mirrorplay.agents.roles import (
    MODES,
    Mode,
    Review,
    Scores,
    SupervisorScene,
    TherapistScene,
    TherapistTurn,
    Transcript,
)
from mirrorplay.agents.supervisor import ScriptedSupervisor
from mirrorplay.agents.therapist import ScriptedTherapist
from mirrorplay.graphs.session import build_session_graph
from mirrorplay.graphs.state import SessionState, opening
from mirrorplay.graphs.topology import edges, mermaid, outline
from mirrorplay.policies.reframing import Plan
from playing import PERSONA, cast, play, spec


def words(state: SessionState) -> list[str]:
    return [turn.text for turn in state["turns"]]


@pytest.mark.parametrize("mode", MODES)
def test_drawn_graph_shows_what_an_arm_has(mode: Mode) -> None:
    found = {(source, target) for source, target, _ in edges(mode)}
    nodes = {node for edge in found for node in edge}
    assert ("perceive" in nodes) == (mode in ("ec", "p+ec"))
    assert ("plan" in nodes) == (mode in ("p", "p+ec"))
    frontier, seen = ["face"], set[str]()
    while frontier:
        node = frontier.pop()
        for source, target in found:
            if source == node and target not in seen and target != "client":
                seen.add(target)
                frontier.append(target)
    assert ("respond" in seen) == (mode != "text")
    assert "client" in mermaid(mode)
    assert "judge" in outline(mode)


def test_every_arm_is_drawn_differently() -> None:
    drawn = {mode: tuple(sorted(edges(mode))) for mode in MODES}
    assert len(set(drawn.values())) == len(MODES)


async def test_same_spec_same_session() -> None:
    first, second = await play(spec(), cast()), await play(spec(), cast())
    assert words(first) == words(second)
    assert first["client"] == second["client"]
    assert len(first["turns"]) == 2 * first["exchange"]
    assert first["outcome"] is not None


async def test_arms_meet_the_same_client_at_the_opening() -> None:
    text = await play(spec("text"), cast())
    planned = await play(spec("p"), cast(therapist=ScriptedTherapist(mode="p")))
    assert words(text)[:2] == words(planned)[:2]
    assert text["turns"][0].state == planned["turns"][0].state


class Watching(house_parts.Mirror):
    """Keeps every scene it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.scenes: list[TherapistScene] = []
        self.plans = 0

    async def plan(self, scene: TherapistScene) -> Plan:
        self.plans += 1
        return await super().plan(scene)

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        self.scenes.append(scene)
        return await super().respond(scene)


async def test_therapist_is_shown_nothing_hidden() -> None:
    watching = Watching()
    final = await play(spec("p", max_exchanges=6), cast(therapist=watching))
    shown = repr([replace(scene, draws=None) for scene in watching.scenes])  # type: ignore[arg-type]
    hidden = [
        *(belief.text for belief in PERSONA.beliefs.core),
        *PERSONA.beliefs.rules,
        *(memory.id for memory in PERSONA.memories),
        *(turn.stage_direction for turn in final["turns"] if turn.stage_direction),
        *(turn.expression.caption for turn in final["turns"] if turn.expression),
        *(turn.intended_act for turn in final["turns"][::2] if turn.intended_act),
        "ClientState",
        "intensity",
    ]
    assert hidden
    for secret in hidden:
        assert not secret or secret not in shown
    assert PERSONA.intake.name in shown


async def test_supervisor_and_judge_never_see_hidden_state() -> None:
    seen: list[SupervisorScene] = []

    class Observer(ScriptedSupervisor):
        async def review(self, scene: SupervisorScene) -> Review:
            seen.append(scene)
            return await super().review(scene)

    final = await play(spec(), cast(supervisor=Observer()))
    shown = repr(seen)
    assert "ClientState" not in shown
    assert "TherapistTurn" not in shown
    directions = [turn.stage_direction for turn in final["turns"] if turn.stage_direction]
    assert any(direction in shown for direction in directions)


@pytest.mark.parametrize("mode", ["text", "base", "p", "ec", "p+ec"])
async def test_image_reaches_the_arms_that_see_it(mode: Mode) -> None:
    final = await play(
        spec(mode),
        cast(
            therapist=house_parts.FaceReader(),
            artist=house_parts.PortraitArtist(),
            perceiver=house_parts.Glance(),
        ),
    )
    said = words(final)[1]
    assert ("image None" in said) == (mode == "text")
    assert ("perceived 64 by 64" in said) == (mode in ("ec", "p+ec"))
    clients = [turn for turn in final["turns"] if turn.speaker == "client"]
    assert [turn.face for turn in clients] == list(range(len(clients)))
    assert len(final["faces"]) == len(clients)
    assert all(turn.face_attempts for turn in clients)


async def test_plan_is_kept_until_the_supervisor_asks_for_another() -> None:
    class Replanning(ScriptedSupervisor):
        async def review(self, scene: SupervisorScene) -> Review:
            return replace(await super().review(scene), replan=scene.exchange == 2)

    kept = Watching()
    await play(spec("p"), cast(therapist=kept))
    assert kept.plans == 1
    replanned = Watching()
    await play(spec("p"), cast(therapist=replanned, supervisor=Replanning()))
    assert replanned.plans == 2


async def test_only_passing_troubles_are_retried() -> None:
    class Flaky(house_parts.Mirror):
        def __init__(self, error: Exception) -> None:
            super().__init__()
            self.error, self.calls = error, 0

        async def respond(self, scene: TherapistScene) -> TherapistTurn:
            self.calls += 1
            if self.calls == 1:
                raise self.error
            return await super().respond(scene)

    passing = Flaky(ConnectionError("reset"))
    assert (await play(spec(), cast(therapist=passing)))["outcome"]
    with pytest.raises(ValueError, match="bad"):
        await play(spec(), cast(therapist=Flaky(ValueError("bad"))))


async def test_graph_without_context_says_what_it_needs() -> None:
    with pytest.raises(RuntimeError, match="SessionContext"):
        await build_session_graph("text").ainvoke(opening(spec()))


async def test_a_therapist_cannot_follow_the_clients_draws() -> None:
    watching = Watching()
    asked = spec("p")
    await play(asked, cast(therapist=watching))
    draws = watching.scenes[0].draws
    assert PERSONA.id not in repr(draws)
    assert draws.seed(0, "client", "act") != asked.draws.seed(0, "client", "act")
    again = Watching()
    await play(asked, cast(therapist=again))
    assert again.scenes[0].draws == draws


async def test_a_judge_gets_the_tape_without_codes_and_faces_only_if_it_looks() -> None:
    class Keeping(ScriptedJudge):
        def __init__(self) -> None:
            self.tapes: list[Transcript] = []

        async def score(self, transcript: Transcript) -> Scores:
            self.tapes.append(transcript)
            return await super().score(transcript)

    class Looking(Keeping):
        looks_at_faces = True

    for judge, looks in ((Keeping(), False), (Looking(), True)):
        final = await play(spec(), cast(judge=judge, artist=house_parts.PortraitArtist()))
        assert any(turn.codes for turn in final["turns"])
        assert all(not line.codes for line in judge.tapes[0].lines)
        assert bool(judge.tapes[0].faces) == looks


@pytest.mark.parametrize("mode", ["text", "p"])
async def test_the_limit_holds_whatever_a_supervisor_says(mode: Mode) -> None:
    class Endless(ScriptedSupervisor):
        async def review(self, scene: SupervisorScene) -> Review:
            return Review((), ())

    final = await play(spec(mode), cast(supervisor=Endless(), therapist=house_parts.Mirror()))
    assert (final["exchange"], final["outcome"], final["ended_by"]) == (4, "max_exchanges", "limit")


async def test_an_answer_of_the_wrong_kind_is_named_at_its_step() -> None:
    class Texting(house_parts.Mirror):
        async def respond(self, scene: TherapistScene) -> TherapistTurn:
            return "just text"  # type: ignore[return-value]

    with pytest.raises(TypeError, match="expected TherapistTurn, got str"):
        await play(spec(), cast(therapist=Texting()))
