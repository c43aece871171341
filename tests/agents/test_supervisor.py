"""The scripted supervisor: contract, codes, safety, endings, and blindness to stage directions."""

from dataclasses import replace

import pytest

from mirrorplay.agents.conformance import check_supervisor
from mirrorplay.agents.roles import ObservedLine, Supervisor, SupervisorScene
from mirrorplay.agents.supervisor import ScriptedSupervisor

RESIST = ("unwillingness", "talk:sustain")
CHANGE = ("change_talk", "talk:change")


def scene(
    said: str,
    reply: str = "I see.",
    earlier: tuple[tuple[str, ...], ...] = (),
    exchange: int | None = None,
    leaving: bool = False,
    planned: bool = True,
    asked: str = "Go on.",
) -> SupervisorScene:
    lines: list[ObservedLine] = []
    for codes in earlier:
        lines.append(ObservedLine(len(lines), "client", "Words.", "[sits]", codes))
        lines.append(ObservedLine(len(lines), "therapist", asked, None, ()))
    lines.append(ObservedLine(len(lines), "client", said, "[looks away]"))
    lines.append(ObservedLine(len(lines), "therapist", reply))
    return SupervisorScene(tuple(lines), exchange or len(earlier) + 1, 10, leaving, planned)


async def test_it_keeps_the_contract() -> None:
    supervisor = ScriptedSupervisor()
    assert isinstance(supervisor, Supervisor)
    await check_supervisor(supervisor)


async def test_it_codes_the_last_exchange() -> None:
    review = await ScriptedSupervisor().review(
        scene("I'm not going to write that down.", "What would it cost you?")
    )
    assert review.client_codes[0] == "unwillingness"
    assert "open_question" in review.therapist_codes
    assert review.outcome is None


async def test_a_crisis_stops_the_session_and_is_reported() -> None:
    review = await ScriptedSupervisor().review(scene("They'd be better off without me."))
    assert (review.outcome, review.ended_by) == ("safety_stop", "supervisor")
    assert review.safety[0].category == "passive_ideation"


async def test_a_yes_to_a_safety_question_stops_the_session() -> None:
    asked = "Are you thinking about killing yourself?"
    stopped = await ScriptedSupervisor().review(
        scene("Yes. Sometimes.", earlier=(CHANGE,), asked=asked)
    )
    assert stopped.outcome == "safety_stop"
    goes_on = await ScriptedSupervisor().review(scene("No.", earlier=(CHANGE,), asked=asked))
    assert goes_on.outcome is None


async def test_harmful_therapist_words_are_reported_and_do_not_stop_it() -> None:
    review = await ScriptedSupervisor().review(
        scene("It was a bad week.", "You only have yourself to blame.")
    )
    assert [finding.category for finding in review.safety] == ["blame"]
    assert review.outcome is None


@pytest.mark.parametrize(
    ("earlier", "said", "leaving", "outcome", "ended_by"),
    [
        ((), "I'm going.", True, "client_left", "client"),
        ((CHANGE,) * 4, "I'll call her on Monday.", False, "resolved", "supervisor"),
        ((RESIST,) * 6, "I'm not going to do that.", False, "impasse", "supervisor"),
        ((("answering", "talk:neutral"),) * 9, "At seven.", False, "max_exchanges", "limit"),
    ],
)
async def test_endings(
    earlier: tuple[tuple[str, ...], ...], said: str, leaving: bool, outcome: str, ended_by: str
) -> None:
    review = await ScriptedSupervisor().review(scene(said, earlier=earlier, leaving=leaving))
    assert (review.outcome, review.ended_by) == (outcome, ended_by)


async def test_a_new_plan_is_asked_for_only_where_there_is_one() -> None:
    words = "I'm not going to do that."
    planned = await ScriptedSupervisor().review(scene(words, earlier=(RESIST,) * 2))
    unplanned = await ScriptedSupervisor().review(
        scene(words, earlier=(RESIST,) * 2, planned=False)
    )
    soon = await ScriptedSupervisor().review(scene(words, earlier=(RESIST,)))
    assert (planned.replan, unplanned.replan, soon.replan) == (True, False, False)


async def test_stage_directions_change_nothing() -> None:
    bare = scene("I suppose it's fine.", "You said fine.", earlier=(RESIST, CHANGE))
    told = replace(
        bare,
        lines=tuple(
            replace(line, stage_direction="[storms out, I want to kill myself]")
            for line in bare.lines
        ),
    )
    assert await ScriptedSupervisor().review(bare) == await ScriptedSupervisor().review(told)


async def test_a_tape_without_an_answer_yet_is_reviewed() -> None:
    lines = (ObservedLine(0, "client", "I don't want to be here."),)
    review = await ScriptedSupervisor().review(SupervisorScene(lines, 1, 10, False, False))
    assert review.therapist_codes == ()
    empty = await ScriptedSupervisor().review(SupervisorScene((), 1, 10, False, False))
    assert empty.client_codes == ()
