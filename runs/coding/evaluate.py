"""The coder against coded transcripts it was not fitted on.

Weights that come with the package are scored as they are. When some of the transcripts were among
those they were fitted on (known again by a salted digest), or when asked, maps are fitted anew for
each fold of transcripts, with calibration and decision shifts from inner folds, and score only the
fold left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.coding.coder import DOUBT
from mirrorplay.policies.coding.linear import LABELS, Learned, Linear
from mirrorplay.runs.coding.agreement import with_appraisal
from mirrorplay.runs.coding.embedding import Vectors
from mirrorplay.runs.coding.figures import Floats, Ints, macro_f1, summary
from mirrorplay.runs.coding.fit import Samples, digest_of, fit_map, folds, samples
from mirrorplay.runs.coding.quality import quality
from mirrorplay.runs.coding.transcripts import Transcript


class Decided:
    """What maps made of a speaker's utterances: `chances` (utterances, labels) and the label
    decided on, as a number."""

    def __init__(self, data: Samples) -> None:
        self.chances: Floats = np.zeros_like(data.truth)
        self.labels: Ints = np.zeros(len(data.truth), dtype=np.int64)

    def fill(self, data: Samples, chosen: Sequence[int], linear: Linear) -> None:
        """Let a map decide the chosen utterances."""
        weights, bias = linear.table
        for at in chosen:
            logits = (data.matrix[at] @ weights)[0] + bias
            reading = linear.settle([float(value) for value in logits])
            self.chances[at] = list(reading.probabilities.values())
            self.labels[at] = linear.labels.index(reading.label)


def evaluate(
    transcripts: Sequence[Transcript],
    maps: Learned,
    *,
    cross_validate: bool = False,
    vectors: Vectors | None = None,
) -> dict[str, Any]:
    """Every figure, as plain numbers. With `vectors` the maps read sentence embeddings as well;
    weights that do not are refitted. Raises UserError when there is too little to score, or when
    the weights read embeddings and there are none."""
    known = sum(digest_of(one) in maps.fitted_on for one in transcripts)
    embeds = maps.maps["client"].embeds
    if embeds and vectors is None:
        raise UserError(
            "these weights read sentence embeddings",
            where="coder evaluate --weights",
            hint="add --embeddings",
        )
    refit = cross_validate or known > 0 or (vectors is not None and not embeds)
    result: dict[str, Any] = {
        "n_transcripts": len(transcripts),
        "n_known_from_fitting": known,
        "weights": "cross-validated by transcript" if refit else "as given",
        "embeddings": vectors is not None,
    }
    chances: dict[str, Floats] = {}
    for speaker in LABELS:
        data = samples(transcripts, speaker, vectors)
        if not len(data.truth):
            raise UserError(f"no {speaker} utterance to score")
        decided = _decide(data, data.groups, maps, refit)
        chances[speaker] = decided.chances
        result[speaker] = summary(
            data.truth,
            decided.labels,
            decided.chances,
            decided.chances.max(axis=1) < DOUBT,
            list(data.groups),
            LABELS[speaker],
            speaker,
        )
        result[f"{speaker}_macro_f1"] = result[speaker]["macro_f1"]
        if refit:
            result[speaker]["leave_topic_out_macro_f1"] = _by_topic(transcripts, data, maps)
    result |= quality(transcripts, chances["therapist"])
    result["appraisal_agreement"] = with_appraisal(transcripts)
    return result


def _decide(data: Samples, groups: Ints, maps: Learned, refit: bool) -> Decided:
    decided = Decided(data)
    if not refit:
        decided.fill(data, range(len(data.truth)), maps.maps[data.speaker])
        return decided
    fold = folds(groups)
    if len(np.unique(fold)) < 2:
        raise UserError(
            "too few transcripts to cross-validate",
            hint="score weights fitted on other transcripts",
        )
    for number in np.unique(fold):
        out = fold == number
        if len(np.unique(data.groups[~out])) < 2:
            raise UserError("too few transcripts to cross-validate")
        decided.fill(data, [int(at) for at in np.flatnonzero(out)], fit_map(data.only(~out)))
    return decided


def _by_topic(transcripts: Sequence[Transcript], data: Samples, maps: Learned) -> float | None:
    """Macro-F1 when all transcripts of a topic are left out together; None for one topic."""
    names = sorted({one.topic for one in transcripts})
    if len(names) < 2:
        return None
    topic = np.array([names.index(transcripts[group].topic) for group in data.groups])
    return macro_f1(data.truth, _decide(data, topic, maps, True).labels)


def lines(result: Mapping[str, Any]) -> list[str]:
    """The figures as text."""
    known = result["n_known_from_fitting"]
    said = [
        f"{result['n_transcripts']} transcripts, weights {result['weights']}"
        + (", with sentence embeddings" if result["embeddings"] else "")
        + (f" ({known} of them were fitted on)" if known else "")
    ]
    for speaker, labels in LABELS.items():
        of = result[speaker]
        low, high = of["interval"]
        said += [
            "",
            f"{speaker}: macro-F1 {of['macro_f1']:.3f} [{low:.3f}, {high:.3f}], "
            f"{of['of_rater_f1']:.2f} of rater–rater F1, n {of['n']}",
            f"  calibration error {of['calibration']['ece']:.3f}, abstained {of['abstained']:.3f}, "
            f"macro-F1 of the rest {of['macro_f1_unless_abstained'] or 0:.3f}",
        ]
        if of.get("leave_topic_out_macro_f1") is not None:
            said.append(f"  leaving topics out {of['leave_topic_out_macro_f1']:.3f}")
        said.append(
            f"  {'said / coded':14}" + "".join(f"{label:>12}" for label in labels) + f"{'F1':>8}"
        )
        for label in labels:
            row = of["confusion"][label]
            said.append(
                f"  {label:14}"
                + "".join(f"{row[other]:12.0f}" for other in labels)
                + f"{of['f1'][label]:8.3f}"
            )
    said += ["", "session quality, area under the curve"]
    for name in (
        "quality_auc",
        "quality_auc_title",
        "quality_auc_length",
        "quality_auc_reflection",
        "quality_auc_reflection_raters",
    ):
        value = result[name]
        said.append(f"  {name:32}" + ("not to be had" if value is None else f"{value:.3f}"))
    said += ["", "agreement with the client's own appraisal"]
    said += [f"  {name:24}{value:.3f}" for name, value in result["appraisal_agreement"].items()]
    return said
