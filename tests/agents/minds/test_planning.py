"""Plans: the prompt's own form is read back; what is written otherwise mostly too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.agents.minds.planning import (
    example_plan,
    format_plan,
    parse_plan,
    techniques_text,
)
from mirrorplay.agents.models.mind import Unreadable
from mirrorplay.policies.reframing import TECHNIQUES, Plan

STEPS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"]),
            min_size=1, max_size=300).filter(lambda text: " ".join(text.split()).strip("*_ ")),
    min_size=1, max_size=8,
)  # fmt: skip


@given(st.sampled_from(TECHNIQUES), STEPS)
def test_a_plan_survives_the_prompts_own_form(technique: str, steps: list[str]) -> None:
    plan = Plan.model_validate({"technique": technique, "steps": steps})
    read = parse_plan(format_plan(plan))
    assert read.technique == technique
    assert len(read.steps) == len(steps)
    assert parse_plan(format_plan(read)) == read
    for given_step, read_step in zip(steps, read.steps, strict=True):
        assert " ".join(given_step.split()).strip("*_ ") == read_step


def test_the_example_in_the_prompt_is_read() -> None:
    assert parse_plan(format_plan(example_plan())) == example_plan()
    assert all(f"- {name}: " in techniques_text() for name in TECHNIQUES)


@pytest.mark.parametrize(
    "text",
    [
        "**Technique:** Evidence-Based Questioning (facts)\n\n**Step 1:** Ask leave\n2) List it",
        "Here is my plan:\n\nTechnique: evidence based questioning\n- Ask leave\n- List it\n",
        "### Technique: `evidence_based_questioning`\n1. **Ask leave**\n2. List it",
        "technique: Evidence-based questionning.\nStep 1. Ask leave\nStep 2. List it",
    ],
)
def test_plans_in_the_wild(text: str) -> None:
    assert parse_plan(text) == Plan(
        technique="evidence_based_questioning", steps=("Ask leave", "List it")
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1. Ask leave", "Technique: <name>"),
        ("Technique: hypnosis\n1. Sleep", "'hypnosis' is none of the techniques"),
        ("Technique: pie chart", "no numbered steps"),
        ("", "Technique: <name>"),
    ],
)
def test_what_is_no_plan_says_why(text: str, told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        parse_plan(text)


@given(st.text(max_size=300))
def test_any_text_is_a_plan_or_unreadable(text: str) -> None:
    try:
        plan = parse_plan(text)
    except Unreadable:
        return
    assert plan.steps
