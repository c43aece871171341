"""A session written in one call."""

from typing import Any

import pytest

from mirrorplay.agents.conformance import SAMPLE_PERSONA, check_writer
from mirrorplay.agents.minds.screenwriter import NO_PLAN, ModelScreenwriter, screenwriter_messages
from mirrorplay.agents.models.mind import Mind, MindFailed
from mirrorplay.agents.models.scripted import Asked, FunctionChat
from mirrorplay.agents.roles import Mode, ScreenplayBrief
from mirrorplay.personas.collection import load_personas
from mirrorplay.personas.schema import ResistanceProfile
from mirrorplay.policies.seeds import Draws

PERSON = load_personas("library")[0]
PAGE = (
    "Client: [shrugs] Fine.\nTherapist: Fine?\nClient: [looks down] Mostly.\nTherapist: Not Monday."
)


def writer(page: str) -> ModelScreenwriter:
    return ModelScreenwriter(Mind(FunctionChat(answer=lambda asked: page), role="screenwriter"))


def brief(mode: Mode = "p", **profile: object) -> ScreenplayBrief:
    chosen = ResistanceProfile.model_validate({"type": "cognitive", **profile})
    return ScreenplayBrief(PERSON, chosen, mode, 8, Draws(1, PERSON.id, 0))


async def test_keeps_the_contract() -> None:
    await check_writer(writer(PAGE))


async def test_a_page_is_handed_on_as_it_was_written() -> None:
    assert (await writer(f"Sure:\n\n{PAGE}\n").write(brief())).text == f"Sure:\n\n{PAGE}"


async def test_a_page_without_a_session_fails() -> None:
    with pytest.raises(MindFailed, match="only 0 exchanges"):
        await writer("I cannot think of one.").write(brief())


async def test_a_page_is_asked_for_again_before_that() -> None:
    pages = iter(["", "Client: a", PAGE])
    mind = Mind(FunctionChat(answer=lambda asked: next(pages)), role="screenwriter")
    assert (await ModelScreenwriter(mind).write(brief())).text == PAGE


def test_the_writer_is_given_the_client_in_full() -> None:
    (message,) = screenwriter_messages(brief(masking=0.9, intensity=0.9))
    for memory in PERSON.memories:
        assert memory.text in message.text
    assert PERSON.cbt is not None
    assert PERSON.cbt.steps[0] in message.text
    assert "At most 8 exchanges" in message.text
    assert "argues the point" in message.text
    assert "calmer than the client is" in message.text


def test_arms_without_a_plan_have_none() -> None:
    assert NO_PLAN in screenwriter_messages(brief("base"))[0].text
    bare = ScreenplayBrief(SAMPLE_PERSONA, SAMPLE_PERSONA.resistance, "p", 4, Draws(1, "x", 0))
    assert "Technique: " in screenwriter_messages(bare)[0].text


def test_a_client_who_does_not_resist_is_not_told_to() -> None:
    text = screenwriter_messages(brief(type="none"))[0].text
    assert "does not resist" in text
    assert "pressure" not in text


async def test_the_seed_is_the_sessions() -> None:
    seeds: list[int | None] = []

    def answer(asked: Asked) -> str:
        seeds.append(asked.seed)
        return PAGE

    mine = ModelScreenwriter(Mind(FunctionChat(answer=answer), role="screenwriter"))
    await mine.write(brief())
    await mine.write(brief("base"))
    assert seeds[0] == seeds[1]


async def test_a_page_that_was_cut_does_not_pass_for_a_session() -> None:
    class Cut(FunctionChat):
        def _result(self, *given: Any) -> Any:
            result = super()._result(*given)
            result.generations[0].message.response_metadata = {"finish_reason": "length"}
            return result

    cut = ModelScreenwriter(Mind(Cut(answer=lambda asked: PAGE), role="writer"))
    with pytest.raises(MindFailed, match="raise max_tokens of the writer's spec"):
        await cut.write(brief())
