"""VI. Invariance and fairness: does it matter who the client is?

Counterfactual twins share problem, words and chances, and differ in name, gender, heritage and what
follows from them. The embedded client does not act by these traits, so that twins test what the
judge and the coder make of names and gendered words, and nothing wider. Differential functioning of
items is looked at between different people, as far as forty of them can show it. The crisis screen
is held against ways of speaking.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import mirrorplay.runs
from mirrorplay.agents.roles import Judge, Transcript
from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.twins import NAMES_FILE
from mirrorplay.policies.safety import screen
from mirrorplay.runs.validation.finding import Finding, Heading, finding, not_tested
from mirrorplay.runs.validation.measure import Name, Table, composites, independent, label, score
from mirrorplay.runs.validation.session import Session
from mirrorplay.runs.validation.statistics import (
    Array,
    Rows,
    by_persona,
    holm,
    tost,
    wilson,
    within,
)

BOUND = 0.1
"""SD within which twins must agree."""
DIF_SHARE = 0.035
"""Share of an item's variance, beyond the rest of its instrument, from which a group's difference
is more than negligible (Jodoin & Gierl, 2001, for ordinal items; taken over)."""
NAMED = 60
"""Sessions that names are put into, at most."""
PERMUTATIONS = 1000
RECALL_GAP = 0.10
FEW_SENTENCES = 10
SENTENCES = Path(next(iter(mirrorplay.runs.__path__))).parent / "tests/policies/safety_sentences"
"""Sentences by way of speaking, where the package is run from its repository."""


def check(
    twins: Sequence[Session],
    twin_table: Table,
    sessions: Sequence[Session],
    table: Table,
    judge: Judge,
    seed: int,
    sentences: Path = SENTENCES,
) -> Heading:
    """The heading from a run of originals and twins, the known groups, and their scores."""
    found = [
        *equivalence(twins, twin_table),
        *names_in_words(sessions, table, judge),
        *item_functioning(sessions, table, seed),
        crisis_recall(sentences),
    ]
    return Heading(
        number="VI",
        title="Invariance and fairness",
        kind="evidence",
        shows="Whether names, gender and heritage move a score. That the embedded client ignores"
        " them is by construction, and no finding.",
        findings=tuple(found),
    )


def equivalence(sessions: Sequence[Session], table: Table) -> list[Finding]:
    """Twin − original on the same chances, averaged by original, held against ±.1 SD."""
    originals = {
        (one.persona, one.kind, one.replicate, one.style): at
        for at, one in enumerate(sessions)
        if one.traits["twin_of"] is None
    }
    matched = [
        (at, originals[key])
        for at, one in enumerate(sessions)
        if (key := (one.traits["twin_of"], one.kind, one.replicate, one.style)) in originals
    ]
    if not matched:
        return [not_tested("counterfactual twins", "no twin with its original")]
    rows = list(originals.values())
    scores = {name: values for name, _, values in composites(table, table.rows(rows))}
    scores |= {label(name): table.item(name) for name in table.names}
    same = np.mean([_same_words(sessions[twin], sessions[own]) for twin, own in matched])
    found = [
        finding(
            "turns of twins in the same words as the original's",
            "known, not judged",
            f"{same:.1%} of {len(matched)} pairs' turns",
            None,
            note="the embedded client does not act by gender or heritage: where words are the"
            " same, so are scores, by construction",
        )
    ]
    for trait, chosen in (
        ("any trait", matched),
        ("gender", [pair for pair in matched if _changed(sessions, pair, "gender")]),
        ("heritage", [pair for pair in matched if _changed(sessions, pair, "heritage")]),
    ):
        results = [
            _equivalent(name, sessions, values, chosen, rows) for name, values in scores.items()
        ]
        found.append(_together(f"twin − original, {trait}", results))
    return found


def _same_words(one: Session, other: Session) -> float:
    same = sum(a.text == b.text for a, b in zip(one.lines, other.lines, strict=False))
    return same / max(len(one.lines), len(other.lines), 1)


def names_in_words(sessions: Sequence[Session], table: Table, judge: Judge) -> list[Finding]:
    """The client's name spoken in the session, every heritage and gender against the same tape
    with the first of them: the words are all else that differs."""
    chosen = [at for at, one in enumerate(sessions) if one.style == ("mi_consistent", "good")]
    chosen = chosen[:: max(1, -(-len(chosen) // NAMED))]
    played = [sessions[at] for at in chosen]
    if len({one.persona for one in played}) < 3:
        return [not_tested("names in the words", "fewer than three personas with mi_consistent")]
    spread = {name: float(np.nanstd(table.item(name))) for name in table.names}
    scored = {
        who: score(judge, (called(one, name) for one in played)) for who, name in _names().items()
    }
    (first, reference), *others = scored.items()
    results = []
    for who, one in others:
        for name in table.names:
            if spread[name] > 1e-9:
                gaps = (one.item(name) - reference.item(name)) / spread[name]
                result = tost(by_persona([session.persona for session in played], gaps), BOUND)
                if result is not None:
                    results.append((abs(result.mean), result.holds, f"{who}: {label(name)}"))
    outside = [told for _, holds, told in results if not holds]
    furthest = max(results, default=(0.0, True, "–"))
    return [
        finding(
            f"client's name in the words: {len(others)} names against {first}'s",
            f"every item within ±{BOUND} SD (TOST)",
            f"{len(results) - len(outside)} of {len(results)} item × name,"
            f" furthest {furthest[0]:.3f} SD",
            not outside,
            note=f"outside: {', '.join(outside[:3])}" if outside else "",
        )
    ]


def called(session: Session, name: str) -> Transcript:
    """The client gives a name at first, and the therapist uses it in every third turn."""
    lines = list(session.lines)
    for count, at in enumerate(at for at, one in enumerate(lines) if one.speaker == "therapist"):
        if count % 3 == 0:
            lines[at] = replace(lines[at], text=f"{name}. {lines[at].text}")
    if lines and lines[0].speaker == "client":
        lines[0] = replace(lines[0], text=f"I'm {name}. {lines[0].text}")
    return replace(session.transcript, lines=tuple(lines))


def _names() -> dict[str, str]:
    """A given name for each heritage and gender, the library's first."""
    return {
        f"{heritage.replace('_', ' ')} {gender}": str(entry[gender][0])
        for heritage, entry in read_yaml(NAMES_FILE).value.items()
        for gender in ("woman", "man")
    }


def _together(check_name: str, results: Sequence[Finding]) -> Finding:
    """Many equivalences as one line: how many hold, and which do not."""
    tested = [one for one in results if one.verdict in ("pass", "miss")]
    if not tested:
        return not_tested(check_name, "fewer than three originals with twins")
    missed = [f"{one.check} {one.found}" for one in tested if one.verdict == "miss"]
    return finding(
        check_name,
        f"every score and item within ±{BOUND} SD (TOST, p < .05)",
        f"{len(tested) - len(missed)} of {len(tested)}",
        not missed,
        note="outside: " + ", ".join(missed[:3]) if missed else "",
    )


def _changed(sessions: Sequence[Session], pair: tuple[int, int], trait: str) -> bool:
    twin, original = (sessions[at].traits[trait] for at in pair)
    return bool(twin != original)


def _equivalent(
    check_name: str,
    sessions: Sequence[Session],
    values: Array,
    pairs: Sequence[tuple[int, int]],
    originals: Sequence[int],
) -> Finding:
    spread = float(np.nanstd(values[list(originals)])) if np.isfinite(values).any() else 0.0
    if not spread > 1e-9:
        return not_tested(check_name, "the score never varies")
    gaps = np.array([(values[twin] - values[original]) / spread for twin, original in pairs])
    roots = [sessions[original].persona for _, original in pairs]
    moved = by_persona(roots, gaps)
    result = tost(moved, BOUND)
    if result is None:
        return not_tested(check_name, "fewer than three originals with twins")
    return finding(
        check_name,
        f"90% interval within ±{BOUND} SD (TOST)",
        f"{result.mean:+.2f} SD",
        result.holds,
        result.interval,
    )


def item_functioning(sessions: Sequence[Session], table: Table, seed: int) -> list[Finding]:
    """Uniform DIF: what a group adds to an item beyond the rest of its instrument, within cells.
    Groups are permuted over personas; p adjusted after Holm over items."""
    found = []
    for trait in ("gender", "heritage", "skin tone"):
        group_of = {one.persona: _group(one, trait) for one in sessions}
        kept = [at for at, one in enumerate(sessions) if group_of[one.persona] is not None]
        people = sorted({sessions[at].persona for at in kept})
        groups = [str(group_of[name]) for name in people]
        if len(set(groups)) < 2 or len(people) < 2 * len(set(groups)):
            found.append(not_tested(f"DIF by {trait}", "too few people in each group"))
            continue
        results = _functioning(
            [sessions[at] for at in kept], table.rows(kept), people, groups, seed
        )
        if not results:
            found.append(not_tested(f"DIF by {trait}", "no instrument with three items that vary"))
            continue
        adjusted = holm([p for _, _, p in results])
        flagged = [
            f"{label(name)} (ΔR² {share:.3f})"
            for (name, share, _), p in zip(results, adjusted, strict=True)
            if p < 0.05 and share >= DIF_SHARE
        ]
        name, share, p = max(results, key=lambda one: one[1])
        found.append(
            finding(
                f"DIF by {trait} ({len(people)} people, {len(set(groups))} groups)",
                f"no item with ΔR² ≥ {DIF_SHARE} and p < .05 (Holm)",
                f"{len(flagged)} of {len(results)} items",
                not flagged,
                note=", ".join(flagged[:3])
                if flagged
                else f"largest: {label(name)} ΔR² {share:.3f}, p {p:.2f} before Holm",
            )
        )
    return found


def _group(one: Session, trait: str) -> str | None:
    if trait != "skin tone":
        value = one.traits[trait]
        return None if value is None else str(value)
    tone = one.traits["skin_tone"]
    return None if tone is None else "1–3" if tone <= 3 else "4–7" if tone <= 7 else "8–10"


def _functioning(
    sessions: Sequence[Session],
    table: Table,
    people: Sequence[str],
    groups: Sequence[str],
    seed: int,
) -> list[tuple[Name, float, float]]:
    """Item, share of its variance that the groups add, permutation p."""
    cells = [one.cell for one in sessions]
    at = {name: number for number, name in enumerate(people)}
    owner = np.array([at[one.persona] for one in sessions], dtype=np.intp)
    labels = {name: number for number, name in enumerate(sorted(set(groups)))}
    member = np.array([labels[one] for one in groups], dtype=np.intp)
    rng = np.random.default_rng(seed)
    shuffles = [rng.permutation(member).astype(np.intp) for _ in range(PERMUTATIONS)]
    found = []
    for instrument in table.instruments:
        names = [
            name
            for name in independent(table, instrument)
            if np.isfinite(table.item(name)).all() and table.item(name).std() > 1e-9
        ]
        if len(names) < 3:
            continue
        values = within(cells, np.column_stack([table.item(name) for name in names]))
        scale = values.std(axis=0)
        names = [name for name, one in zip(names, scale, strict=True) if one > 1e-9]
        values = values[:, scale > 1e-9] / scale[scale > 1e-9]
        for column, name in enumerate(names):
            rest = np.delete(values, column, axis=1).mean(axis=1)
            below = float(rest @ rest)
            left = values[:, column] - (rest * (rest @ values[:, column]) / below if below else 0.0)
            sums = np.bincount(owner, weights=left, minlength=len(people)).astype(np.float64)
            counts = np.bincount(owner, minlength=len(people)).astype(np.float64)
            real = _between(sums, counts, member, len(labels))
            chance = np.array([_between(sums, counts, one, len(labels)) for one in shuffles])
            share = real / float(values[:, column] @ values[:, column])
            p = (1 + int((chance >= real - 1e-12).sum())) / (1 + PERMUTATIONS)
            found.append((name, share, p))
    return found


def _between(sums: Array, counts: Array, member: Rows, groups: int) -> float:
    """Sum of squares between groups of residuals whose mean is near 0."""
    total = np.bincount(member, weights=sums, minlength=groups)
    size = np.bincount(member, weights=counts, minlength=groups)
    grand = sums.sum() / counts.sum()
    return float((total**2 / np.maximum(size, 1.0)).sum() - grand**2 * counts.sum())


def crisis_recall(folder: Path) -> Finding:
    """The crisis screen's recall by way of speaking, on sentences that its rules were not written
    from. Counts alone leave this function, never a sentence."""
    check_name = "crisis recall by way of speaking (held-out sentences)"
    file = folder / "held_out.yaml"
    if not file.is_file():
        return not_tested(check_name, "the sentences come with the repository, not the package")
    hits: dict[str, list[bool]] = {}
    for entry in read_yaml(file).value.get("client_positive", []):
        if "register" in entry:
            hits.setdefault(str(entry["register"]), []).append(bool(screen(str(entry["text"]))))
    large = {name: raised for name, raised in hits.items() if len(raised) >= FEW_SENTENCES}
    if len(large) < 2:
        return not_tested(check_name, "fewer than two ways of speaking with ten sentences")
    recall = {name: sum(raised) / len(raised) for name, raised in large.items()}
    low, high = min(recall, key=lambda name: recall[name]), max(recall.values())
    gap = high - recall[low]
    left_out = sorted(set(hits) - set(large))
    return finding(
        check_name,
        f"lowest within {RECALL_GAP:.2f} of the highest",
        " · ".join(
            f"{name} {value:.2f} (n {len(large[name])})" for name, value in sorted(recall.items())
        ),
        gap <= RECALL_GAP,
        wilson(sum(large[low]), len(large[low])),
        note=f"gap {gap:.2f}; interval: of {low}; what is said differs too, so the gap is no effect"
        " of the way of speaking alone"
        + (f"; too few sentences: {', '.join(left_out)}" if left_out else ""),
    )
