import json
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from mirrorplay.agents.models.structured import Form, Unreadable


class Rating(BaseModel):
    score: Annotated[int, Field(ge=1, le=6)]
    why: str
    sure: Literal["yes", "no"] = "yes"


FORM = Form(Rating)
GOOD = '{"score": 4, "why": "it {helps}"}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"Sure! Here it is:\n\n```json\n{GOOD}\n```\nHope this helps.",
        f"```\n{GOOD}```",
        f"I think {{so}} {GOOD} and so on",
        f'{{"thought": "first"}} {GOOD}',
        f"\n\n{GOOD}\n",
    ],
)
def test_a_form_is_found_in_what_models_write(text: str) -> None:
    assert FORM.read(text) == Rating(score=4, why="it {helps}")
    assert FORM(text).score == 4


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no JSON"),
        ("four", "no JSON"),
        (GOOD[:-3], "no JSON"),
        ("[1, 2]", "no JSON"),
        ('{"score": 9, "why": ""}', "score"),
        ('{"why": "x"}', "score"),
        ('{"score": 3, "why": "x", "sure": "maybe"}', "sure"),
    ],
)
def test_what_does_not_fit_is_told(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        FORM.read(text)


@given(st.text(alphabet='{}[]":,a1 \n`', max_size=300))
def test_reading_ends_in_a_value_or_a_reason(text: str) -> None:
    with pytest.raises(Unreadable):
        FORM.read(text)


def test_a_bomb_of_braces_is_read_quickly() -> None:
    with pytest.raises(Unreadable):
        FORM.read("{" * 100_000)


def test_what_prompt_and_server_are_told() -> None:
    assert json.dumps(FORM.schema, ensure_ascii=False) in FORM.instruction
    sent = FORM.response_format["json_schema"]
    assert sent["name"] == "Rating"
    assert sent["schema"]["required"] == ["score", "why"]
