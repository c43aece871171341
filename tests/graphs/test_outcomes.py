"""Every way a session can end is reached by playing, and by the party that ends it."""

from typing import Any

from mirrorplay.agents.roles import TherapistScene, TherapistTurn
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
