"""Checking a phrase bank: a failing case for every check, and the bank of the package."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.acts import THERAPIST_ACTS
from mirrorplay.policies.phrasing.bank import BANK_A
from mirrorplay.policies.phrasing.keys import NEEDED_KEYS
from mirrorplay.policies.phrasing.lint import COMMON_ACTS, ENOUGH, Findings, lint_bank

Lint = Callable[..., Findings]
SOUND: Mapping[str, object] = {
    **{key: {"cores": [f"hm {number}"]} for number, key in enumerate(sorted(NEEDED_KEYS))},
    "disclosing.memory": {"cores": ["{memory}"]},
    **{act: {"cores": [f"ah {act}"]} for act in THERAPIST_ACTS},
    **{f"{act}.poor": {"cores": [f"oh {act}"]} for act in THERAPIST_ACTS},
}


@pytest.fixture
def lint(tmp_path: Path) -> Lint:
    """Lints a sound little bank with some keys changed (None leaves one out)."""

    def run(changed: Mapping[str, object] | None = None, **files: str) -> Findings:
        entries = {**SOUND, **(changed or {})}
        kept = {key: entry for key, entry in entries.items() if entry is not None}
        (tmp_path / "bank.yaml").write_text(yaml.safe_dump(kept))
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        return lint_bank(tmp_path)

    return run


def core(*texts: str) -> dict[str, object]:
    return {"cores": list(texts)}


def test_a_sound_bank_has_no_mistakes_and_is_warned_that_it_is_small(lint: Lint) -> None:
    findings = lint()
    assert findings.mistakes == []
    assert len(findings.warnings) == len(COMMON_ACTS) * 4
    assert "answering × none can make 1 utterances" in findings.warnings[3].what


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"agreing": core("yes")}, "did you mean 'agreeing'"),
        ({"agreeing.afer_advice": core("yes")}, "did you mean 'after_advice'"),
        ({"opening.moody": core("yes")}, "'opening.moody' is never looked for"),
        ({"plan.hypnosis.1": core("yes")}, "unknown technique"),
        ({"asking": core("what of {weather}?", "so")}, "unknown slot {weather}"),
        ({"affirm": core("good, {avoidance}", "good")}, "unknown slot {avoidance}"),
        ({"asking": None}, "no words for 'asking'"),
        ({"affirm.poor": None}, "no words for 'affirm.poor'"),
        ({"asking": core("what of {topic}?")}, "asking: no core that needs no slot"),
        ({"disclosing.memory": core("{memory} {topic}")}, "no core that needs no slot"),
        ({"affirm": core("well, {you_clause}")}, "affirm: no core that needs no slot"),
        ({"asking": core("so [a|b")}, "stray '['"),
        ({"asking": core("so <now>")}, "unknown fragment <now>"),
        ({"asking": {"core": ["a"]}}, "Extra inputs"),
        ({"asking": {"cores": ["a"], "tail_rate": 2}}, "less than or equal"),
        ({"asking": core("so", "so")}, "'so' twice"),
        ({"affirm": core("I hear you.")}, "banned: 'I hear you'"),
        ({"affirm": core("I'm [so|] proud of you.")}, "banned: 'proud of you'"),
        ({"affirm": core("How does that make you feel?")}, "banned"),
        ({"affirm": core("It's your own fault he left.")}, "harmful words"),
        ({"open_question": core("What is it? And when?")}, "2 questions in one turn"),
        (
            {"open_question": {"cores": ["What is it?"], "tails": ["Is that [fair|right?]"]}},
            "2 questions in one turn",
        ),
        ({"affirm": core("well " * 50)}, "50 words, more than 45"),
        ({"asking": core("is it my attachment style?")}, "would not say 'attachment'"),
        ({"asking": core("is it [late|a trauma]?")}, "would not say 'trauma'"),
        ({"asking": core("I want to kill myself.")}, "words of crisis"),
        ({"asking": core("so " * 40)}, "40 words, more than 30"),
    ],
)
def test_each_mistake_is_found_with_its_line(
    lint: Lint, changed: Mapping[str, object], said: str
) -> None:
    found = [problem for problem in lint(changed).mistakes if said in problem.what]
    assert found
    assert found[0].where


def test_the_line_is_that_of_the_template(tmp_path: Path, lint: Lint) -> None:
    lint()
    (tmp_path / "more.yaml").write_text("asking.own:\n  cores:\n    - fine\n    - 'bad [one'\n")
    (problem,) = lint_bank(tmp_path).mistakes
    assert problem.where.endswith("more.yaml:4")
    assert str(problem).endswith("choices are [a|b] and do not nest, fragments <name>")


def test_all_mistakes_are_listed_at_once(lint: Lint) -> None:
    changed = {"agreing": core("yes"), "asking": core("so [a|b"), "blaming": None}
    assert len(lint(changed).mistakes) >= 3


def test_other_files_are_checked_and_a_key_belongs_to_one_file(lint: Lint) -> None:
    assert "fragments" in lint(fragments="when: [1]\n").mistakes[0].where
    assert "voice" in lint(fragments="when: [a, b]\n", voice="- ages: [1]\n").mistakes[0].where
    twice = lint(voice="[]\n", second="asking: {cores: [eh]}\n").mistakes
    assert [problem.what for problem in twice] == ["'asking' is in two files"]


def test_a_choice_that_hides_a_slot_and_a_core_in_two_keys_are_warned_of(lint: Lint) -> None:
    warned = lint(
        {
            "asking": core("so", "is it [{topic}|{person}]?"),
            "blaming": core("it has been like this all year"),
            "excusing": core("it has been like this all year"),
        }
    ).warnings
    assert any("every option of [{topic}|{person}] needs a slot" in one.what for one in warned)
    assert any("is also in blaming" in one.what for one in warned)


def test_what_is_no_bank_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no phrase files"):
        lint_bank(tmp_path)
    (tmp_path / "a.yaml").write_text("- asking\n")
    assert "not a mapping" in lint_bank(tmp_path).mistakes[0].what


def test_counts_multiply_choices_openers_and_tails(lint: Lint) -> None:
    counts = lint(
        {
            "asking": {"cores": ["[a|b] {topic}?", "c"], "openers": ["so"], "tails": ["x", "y"]},
            "asking.cognitive": core("d"),
            "asking.cognitive.strong": core("e"),
            "asking.about_time": core("f"),
        }
    ).counts
    assert counts["asking", "none"] == 3 * 2 * 3 + 1
    assert counts["asking", "cognitive"] == counts["asking", "none"] + 2


def test_bank_a_is_sound_and_every_common_act_has_enough_to_say() -> None:
    findings = lint_bank(BANK_A)
    assert findings.mistakes == []
    for act in COMMON_ACTS:
        for kind in ("emotional", "cognitive", "behavioral", "none"):
            assert findings.counts[act, kind] >= ENOUGH
