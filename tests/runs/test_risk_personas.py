"""Clients who hold risk: left out unless asked for, met with care by all, counted apart."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console

from mirrorplay.agents.roles import TherapistManner, TherapistPolicy
from mirrorplay.personas.collection import dump_personas, load_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Memory
from mirrorplay.policies.safety import screen_therapist
from mirrorplay.runs.analysis.figures import iter_figures
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.driver import prepare, start
from mirrorplay.runs.store import iter_sessions

Tiny = Callable[..., RunConfig]
LINE = "the night line on 0800 000"
TOLD = Memory(id="dark", text="Some nights I think about ending my life.", threshold=0.0)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Two personas, of whom the first holds risk and tells it at once."""
    calm, other = load_personas("library")[:2]
    health = calm.health.model_copy(update={"risk": ("Thoughts of suicide since the spring.",)})
    talk = calm.talk.model_copy(update={"answers": dict.fromkeys(calm.talk.answers, (TOLD.text,))})
    at_risk = calm.model_copy(update={"health": health, "memories": (TOLD,), "talk": talk})
    path = tmp_path / "people.jsonl"
    path.write_text(dump_personas((at_risk, other)), encoding="utf-8")
    return path


def test_risk_is_left_out_unless_the_configuration_asks(people: Path, tiny: Tiny) -> None:
    both = {persona.id for persona in load_personas(people)}
    usual = prepare(tiny(sample={"personas": str(people)})).personas
    asked = prepare(tiny(sample={"personas": str(people), "include_risk": True})).personas
    assert {persona.id for persona in asked} == both
    assert len(usual) == 1
    assert not usual[0].health.risk


def test_a_source_of_risk_alone_is_refused_with_a_hint(people: Path, tiny: Tiny) -> None:
    at_risk = [persona for persona in load_personas(people) if persona.health.risk]
    alone = people.with_name("alone.jsonl")
    alone.write_text(dump_personas(at_risk), encoding="utf-8")
    with pytest.raises(UserError, match="no personas"):
        prepare(tiny(sample={"personas": str(alone)}))


@pytest.mark.parametrize("manner", get_args(TherapistManner))
@pytest.mark.parametrize("policy", get_args(TherapistPolicy))
def test_every_therapist_stops_and_asks(
    people: Path, tiny: Tiny, quiet: Console, policy: str, manner: str
) -> None:
    config = tiny(
        sample={
            "personas": str(people),
            "include_risk": True,
            "resistance": ["none", "cognitive"],
            "replicates": 5,
        },
        face={"kind": "none"},
        executor={"kind": "inline"},
        session={"max_exchanges": 10},
        therapist={
            "kind": "scripted",
            "policy": policy,
            "manner": manner,
            "mode": "text",
            "crisis_line": LINE,
        },
    )
    path = start(config, quiet).run.path
    stopped = [one for one in iter_sessions(path) if one.outcome == "safety_stop"]
    assert stopped
    for session in stopped:
        assert session.ended_by == "supervisor"
        told, reply = session.turns[-2:]
        assert told.note is not None
        assert "suicidal_intent" in told.note
        assert reply.intended_act is not None
        assert "safety_inquiry" in reply.intended_act
        assert LINE in reply.text
        assert "?" in reply.text
        assert screen_therapist(reply.text) == ()
    apart = [one for one in iter_figures(path) if one.outcome == "safety_stop"]
    assert len(apart) == len(stopped)
    assert all({"alliance", "resolved"}.isdisjoint(one.measures) for one in apart)
