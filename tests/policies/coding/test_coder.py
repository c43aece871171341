"""The measuring coder: its contract, its probabilities, its place beside the client's appraisal."""

import ast
import time
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirrorplay.agents.roles import ObservedLine
from mirrorplay.personas.errors import UserError
from mirrorplay.policies import appraisal, coding
from mirrorplay.policies.acts import CLIENT_ACTS, THERAPIST_ACTS
from mirrorplay.policies.coding import coder, features, lexical, linear
from mirrorplay.policies.coding.coder import Coding, code, code_afresh, code_tape
from mirrorplay.policies.coding.linear import LABELS, WEIGHTS, learned, read_weights

SPEAKERS = st.sampled_from(["client", "therapist"])
TALK = {"talk:change", "talk:sustain", "talk:neutral"}
POLICIES = Path(lexical.__file__).parents[1]
CONVERSATION = [
    ("therapist", "What brings you here today?"),
    ("client", "My wife thinks I drink too much. I don't think it's that bad."),
    ("therapist", "So she worries, and you see it differently. What do you enjoy about it?"),
    ("client", "It helps me relax. But I do want to cut down before the baby comes."),
    ("therapist", "You should stop keeping beer at home. Most people find that helps."),
    ("client", "Yeah."),
]


def _sound(found: Coding, speaker: str, text: str) -> bool:
    names = found.names
    chances = found.talk if speaker == "client" else found.behaviour
    other = found.behaviour if speaker == "client" else found.talk
    spans = [one.span for one in found.codes if one.span]
    return (
        set(chances) == set(LABELS[speaker])
        and not other
        and abs(sum(chances.values()) - 1) < 1e-4
        and all(0 <= one.probability <= 1 for one in found.codes)
        and all(0 <= start < end <= len(text) for start, end in spans)
        and (
            (len(names) == 2 and names[0] in CLIENT_ACTS and names[1] in TALK)
            if speaker == "client"
            else set(names) <= set(THERAPIST_ACTS)
        )
    )


def test_codes_carry_names_probabilities_and_spans() -> None:
    text = CONVERSATION[2][1]
    found = code(text, "therapist", CONVERSATION[:2])
    assert _sound(found, "therapist", text)
    by_name = {one.name: one for one in found.codes}
    question = by_name["open_question"]
    assert question.span is not None
    assert text[slice(*question.span)] == "What do you enjoy about it?"


def test_clients_get_an_act_and_a_talk_type() -> None:
    found = code("I really want to stop smoking. I have to.", "client", CONVERSATION[:1])
    assert found.names[1] == "talk:change"
    assert found.talk["change"] > found.talk["sustain"]


def test_what_a_yes_means_depends_on_what_it_answers() -> None:
    after = [
        code("Yeah.", "client", [("therapist", said)])
        for said in ("So you want to cut down on your drinking.", "How many do you have a day?")
    ]
    assert after[0].talk["change"] > after[1].talk["change"]
    assert code("No.", "client", [("therapist", "Did you sleep?")]).names[0] == "answering"
    assert code("No.", "client", [("therapist", "You gave up.")]).names[0] == "disagreeing"


def test_a_tape_is_coded_as_its_lines_are() -> None:
    tape = [ObservedLine(at, who, said) for at, (who, said) in enumerate(CONVERSATION)]  # type: ignore[arg-type]
    coded = code_tape(tape)
    assert [line.index for line in coded] == list(range(len(tape)))
    for at, line in enumerate(coded):
        before = CONVERSATION[max(0, at - 2) : at]
        assert line.codes == code_afresh(line.text, line.speaker, before).names  # type: ignore[arg-type]


def test_only_two_utterances_before_are_read() -> None:
    long = [("therapist", "Do you want to die?"), *CONVERSATION[:2]]
    assert code("Maybe.", "client", long) == code("Maybe.", "client", CONVERSATION[:2])


@pytest.mark.parametrize("turns", [0, 1, 500])
def test_tapes_of_any_length(turns: int) -> None:
    tape = [
        ObservedLine(at, "client" if at % 2 else "therapist", CONVERSATION[at % 6][1])
        for at in range(turns)
    ]
    assert len(code_tape(tape)) == turns


@pytest.mark.parametrize(
    "text", ["", "  ", "…", "?!", "\x00\u202e", "別に", "{0}{x!r}", "a" * 9_000]
)
def test_odd_texts_are_coded(text: str) -> None:
    for speaker in ("client", "therapist"):
        assert _sound(code(text, speaker, [("client", text)]), speaker, text)  # type: ignore[arg-type]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=120), st.lists(st.tuples(SPEAKERS, st.text(max_size=60)), max_size=3))
def test_any_text_is_coded(text: str, before: list[tuple[str, str]]) -> None:
    for speaker in ("client", "therapist"):
        assert _sound(code_afresh(text, speaker, before), speaker, text)  # type: ignore[arg-type]


def test_a_huge_text_takes_no_longer_than_its_two_ends() -> None:
    huge = "I don't know, maybe you should, what do you think? " * 20_000
    start = time.process_time()
    code_afresh(huge, "therapist", [("client", huge)])
    assert time.process_time() - start < 1


def test_features_are_numbers_that_do_not_depend_on_the_process() -> None:
    found = features.features("I want to stop.", "client", CONVERSATION[:1])
    assert set(found) == set(features.BLOCKS)
    assert all(0 <= number < features.BUCKETS for of in found.values() for number in of)
    again = features.features("I want to stop.", "client", CONVERSATION[:1])
    assert found == again
    assert crc32(b"stop", crc32(b"w")) % features.BUCKETS in found["words"]


def test_weights_are_small_and_hold_numbers_alone() -> None:
    assert WEIGHTS.stat().st_size <= 2 * 1024 * 1024
    with np.load(WEIGHTS, allow_pickle=False) as data:
        kinds = {name: data[name].dtype.kind for name in data.files}
        assert {name for name, kind in kinds.items() if kind not in "f"} == {"salt", "fitted_on"}
        assert all(len(str(one)) == 16 for one in data["fitted_on"])
    assert not any(one.embeds for one in learned().maps.values())


def test_sums_are_row_by_row() -> None:
    one = learned().maps["client"]
    lines = [said for who, said in CONVERSATION if who == "client"]
    alone = [one.logits(features.features(said, "client", ())) for said in lines]
    backwards = [one.logits(features.features(said, "client", ())) for said in reversed(lines)]
    assert alone == backwards[::-1]


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    with pytest.raises(UserError, match="not a file of coder weights"):
        read_weights(path)
    path.write_bytes(b"nothing")
    with pytest.raises(UserError, match="not a file of coder weights"):
        read_weights(path)
    np.savez(path, client_weights=np.zeros((2, 3)))
    with pytest.raises(UserError, match="not a file of coder weights"):
        read_weights(path)


def _reach(module: Path) -> set[str]:
    """Modules of policies/ that a file imports, near and far."""
    seen: set[str] = set()
    todo = [module]
    while todo:
        tree = ast.parse(todo.pop().read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            if node.module.startswith("mirrorplay.policies.") and node.module not in seen:
                seen.add(node.module)
                path = POLICIES.joinpath(*node.module.split(".")[2:]).with_suffix(".py")
                if path.is_file():
                    todo.append(path)
    return seen


def test_it_shares_nothing_with_the_clients_own_appraisal() -> None:
    coders = [Path(one.__file__ or "") for one in (coder, features, linear, lexical)]
    ours = {name for path in coders for name in _reach(path)}
    appraisals = sorted(POLICIES.glob("appraisal*.py")) + sorted(POLICIES.glob("listening*.py"))
    assert Path(appraisal.__file__) in appraisals
    theirs = {name for path in appraisals for name in _reach(path)}
    assert not {name for name in theirs if "coding" in name}
    assert not {name for name in ours if "appraisal" in name or "listening" in name}
    assert ours & theirs <= {"mirrorplay.policies.acts"}


def test_its_data_is_its_own() -> None:
    ours = set((Path(coding.__file__ or "").parent).glob("*.yaml"))
    theirs = {*POLICIES.glob("appraisal*.yaml"), *POLICIES.glob("listening*.yaml")}
    assert ours
    assert theirs
    phrases = [
        {
            line.strip(" -\"'")
            for path in paths
            for line in path.read_text().splitlines()
            if len(line.split()) >= 6 and not line.lstrip().startswith("#")
        }
        for paths in (ours, theirs)
    ]
    assert not phrases[0] & phrases[1]
