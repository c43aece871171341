"""Every way a session can end is reached by playing, and by the party that ends it."""

from typing import Any

import pytest

from mirrorplay.agents.roles import Review, SupervisorScene, TherapistScene, TherapistTurn
from mirrorplay.agents.supervisor import ScriptedSupervisor
from mirrorplay.agents.therapist import ScriptedTherapist
from mirrorplay.personas.schema import Memory, ResistanceProfile
from mirrorplay.policies.acts import Manner
from playing import PERSONA, cast, play, spec

STRONG = {"intensity": 0.9, "reactivity": 0.9, "masking": 0.5}


class Harsh(ScriptedTherapist):
    """Tells people off."""

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        return TherapistTurn(
            "You are wrong about that, and you know it.",
            ("confront", "persuade"),
            Manner(permission=False, hedging=0.0, words=9, fit=0.1),
        )


async def endings(count: int, therapist: Any = None, **profile: Any) -> set[tuple[str, str]]:
    found = set()
    for seed in range(count):
        asked = spec(seed=seed, max_exchanges=10, profile=ResistanceProfile(**profile))
        final = await play(asked, cast(**({"therapist": therapist} if therapist else {})))
        found.add((str(final["outcome"]), str(final["ended_by"])))
    return found


async def test_a_good_therapist_resolves_runs_out_of_time_and_meets_an_impasse() -> None:
    found = await endings(40, type="behavioral", **STRONG) | await endings(10, type="none")
    assert ("resolved", "supervisor") in found
    assert ("max_exchanges", "limit") in found
    assert ("impasse", "supervisor") in found


async def test_a_harsh_therapist_is_left() -> None:
    for kind in ("emotional", "cognitive"):
        assert ("client_left", "client") in await endings(6, Harsh(), type=kind, **STRONG)


class Reviewer(ScriptedSupervisor):
    """Sees one outcome at one exchange, and another later."""

    def __init__(self, seen: dict[int, tuple[Any, Any]]) -> None:
        self.seen = seen

    async def review(self, scene: SupervisorScene) -> Review:
        outcome, ended_by = self.seen.get(scene.exchange, (None, None))
        return Review(
            client_codes=(), therapist_codes=(), safety=(), outcome=outcome, ended_by=ended_by
        )


@pytest.mark.parametrize("outcome", ["resolved", "impasse"])
async def test_what_a_session_has_come_to_is_spoken_out(outcome: str) -> None:
    final = await play(
        spec(max_exchanges=8), cast(supervisor=Reviewer({3: (outcome, "supervisor")}))
    )
    assert (final["outcome"], final["ended_by"], final["exchange"]) == (outcome, "supervisor", 4)
    replies = [turn.intended_act or "" for turn in final["turns"][1::2]]
    assert "closing" in replies[-1]
    assert not any("closing" in act for act in replies[:-1])


async def test_no_exchange_is_added_beyond_the_limit() -> None:
    final = await play(
        spec(max_exchanges=3), cast(supervisor=Reviewer({3: ("impasse", "supervisor")}))
    )
    assert (final["outcome"], final["exchange"]) == ("impasse", 3)
    assert "closing" in (final["turns"][-1].intended_act or "")


@pytest.mark.parametrize(
    ("later", "outcome"),
    [
        (("safety_stop", "supervisor"), "safety_stop"),
        (("resolved", "supervisor"), "impasse"),
        (("max_exchanges", "limit"), "impasse"),
    ],
)
async def test_only_a_crisis_or_a_client_who_goes_can_still_change_it(
    later: tuple[str, str], outcome: str
) -> None:
    seen = {2: ("impasse", "supervisor"), 3: later}
    final = await play(spec(max_exchanges=8), cast(supervisor=Reviewer(seen)))
    assert (final["outcome"], final["exchange"]) == (outcome, 3)


async def test_crisis_words_stop_the_session_after_a_fitting_reply() -> None:
    told = Memory(id="dark", text="Some nights I think about ending my life.", threshold=0.0)
    persona = PERSONA.model_copy(update={"memories": (told,)})
    for seed in range(12):
        final = await play(
            spec(persona=persona, seed=seed, max_exchanges=10, profile=PERSONA.resistance), cast()
        )
        if final["outcome"] == "safety_stop":
            break
    assert final["outcome"] == "safety_stop"
    last_client, last_reply = final["turns"][-2:]
    assert last_client.note
    assert "suicidal" in last_client.note or "ideation" in last_client.note
    assert last_reply.intended_act
    assert "safety_inquiry" in last_reply.intended_act
