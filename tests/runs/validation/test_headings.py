"""Each check holds for a judge that earns it and misses for one with the fault it looks for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from mirrorplay.agents.roles import Judge, Transcript
from mirrorplay.runs.validation import (
    controls,
    convergence,
    fairness,
    humans,
    known_groups,
    partner,
    reliability,
    sensitivity,
)
from mirrorplay.runs.validation.edit import DOSES, Edit, Edited, redrawn
from mirrorplay.runs.validation.finding import Finding
from mirrorplay.runs.validation.measure import Table, score, table
from mirrorplay.runs.validation.play import POLICIES
from mirrorplay.runs.validation.session import Session

Judging = Callable[[Any], Judge]
Scores = dict[tuple[str, str], float]
SKILL, BOND = ("ctrs", "understanding"), ("wai", "bond")


def share(transcript: Transcript, speaker: str, word: str) -> float:
    said = [line.text for line in transcript.lines if line.speaker == speaker]
    return sum(one.count(word) for one in said) / max(1, len(said))


def fair(transcript: Transcript) -> Scores:
    """Skill from the therapist's words, bond from the client's."""
    return {
        SKILL: 6.0 * share(transcript, "therapist", "glad"),
        BOND: 1.0 + share(transcript, "client", "open") / 5,
    }


def deaf(transcript: Transcript) -> Scores:
    """Never hears the client."""
    return {SKILL: 3.0, BOND: 1.0 + 4.0 * share(transcript, "therapist", "glad")}


def flat(transcript: Transcript) -> Scores:
    return {SKILL: 3.0, BOND: 3.0}


def one_impression(transcript: Transcript) -> Scores:
    """All items the same but for a hair."""
    value = share(transcript, "client", "open")
    return {
        ("ctrs", name): value + 0.01 * len(transcript.lines[0].text) * at
        for at, name in enumerate(("understanding", "collaboration", "focus"))
    }


class Moody:
    """Scores by chance."""

    rater = "moody:words"

    def __init__(self, judging: Judging) -> None:
        self._count = 0
        self._judging = judging

    async def score(self, transcript: Transcript) -> Any:
        self._count += 1
        noise = (self._count * 7919 % 101) / 25
        return await self._judging(lambda _: {SKILL: noise, BOND: noise}).score(transcript)


def scored(judge: Judge, sessions: Sequence[Session]) -> Table:
    return score(judge, (one.transcript for one in sessions))


def only(findings: Sequence[Finding], part: str) -> Finding:
    [found] = [finding for finding in findings if part in finding.check]
    return found


def test_known_groups(many: list[Session], judging: Judging) -> None:
    held = known_groups.check(many, scored(judging(fair), many), judging(fair), 1)
    assert held.kind == "implementation"
    assert only(held.findings, "alliance (1–5): order").verdict == "pass"
    blind = known_groups.check(many, scored(judging(flat), many), judging(flat), 1)
    assert only(blind.findings, "alliance (1–5): order").verdict == "miss"
    assert only(blind.findings, "skill: good − poor").verdict == "miss"
    assert only(blind.findings, "wai bond ←").verdict == "not tested"


def test_known_groups_tell_the_order_found(many: list[Session], judging: Judging) -> None:
    turned = known_groups.check(
        many,
        scored(judging(lambda one: {BOND: 5.0 - fair(one)[BOND]}), many),
        judging(fair),
        1,
    )
    found = only(turned.findings, "order of policies").found
    assert [word for word in found.split() if word in POLICIES] == list(reversed(POLICIES))


def asks(transcript: Transcript) -> Scores:
    """Skill is asking; bond is the client's."""
    return {SKILL: share(transcript, "therapist", "?"), BOND: fair(transcript)[BOND]}


ASKING = Edit(
    "asking", "therapist", ("seek_collaboration",), ("homework_prescribed.poor",), (SKILL,)
)


def test_a_lever_must_move_its_own_subscale(many: list[Session], judging: Judging) -> None:
    scores = scored(judging(fair), many)
    [moved] = known_groups.levers(many, scores, judging(asks), 1, (ASKING,))
    assert moved.verdict == "pass"
    [still] = known_groups.levers(many, scores, judging(fair), 1, (ASKING,))
    assert still.verdict == "miss"

    def another_moves_more(transcript: Transcript) -> Scores:
        found = share(transcript, "therapist", "?")
        return {SKILL: found, ("ctrs", "focus"): 9.0 * found + fair(transcript)[SKILL]}

    wider = scored(judging(another_moves_more), many)
    narrow = Table((SKILL, ("ctrs", "focus")), wider.values / [[1.0, 9.0]] + scores.values[:, :1])
    [missed] = known_groups.levers(many, narrow, judging(another_moves_more), 1, (ASKING,))
    assert missed.verdict == "miss"
    assert "focus moves more" in missed.found
    [absent] = known_groups.levers(many, scored(judging(flat), many), judging(flat), 1, (ASKING,))
    assert absent.verdict == "not tested"


def test_rescoring(many: list[Session], judging: Judging) -> None:
    scores = scored(judging(fair), many)
    assert reliability.rescored(many, scores, judging(fair)).verdict == "pass"
    moody = reliability.rescored(many, scores, Moody(judging))
    assert moody.verdict == "miss"
    still = scored(judging(flat), many)
    assert reliability.rescored(many, still, judging(flat)).verdict == "miss"


def test_rephrasing(many: list[Session], judging: Judging) -> None:
    other = [
        replace(one, lines=tuple(replace(line, text=f"{line.text} Well.") for line in one.lines))
        for one in many
    ]
    tables = [scored(judging(fair), sessions) for sessions in (many, other)]
    found = reliability.rephrased(many, tables[0], other, tables[1], 1)
    assert only(found, "alliance: same session").verdict == "pass"
    by_chance = scored(Moody(judging), other)
    found = reliability.rephrased(many, tables[0], other, by_chance, 1)
    assert only(found, "alliance: same session").verdict == "miss"
    shifted = Table(tables[1].names, tables[1].values + 2.0)
    found = reliability.rephrased(many, tables[0], other, shifted, 1)
    assert only(found, "alliance: same session").verdict == "miss"
    assert reliability.rephrased(many, tables[0], [], tables[0].rows([]), 1)[0].verdict == (
        "not tested"
    )


def test_halo(many: list[Session], judging: Judging) -> None:
    def apart(transcript: Transcript) -> Scores:
        texts = [line.text for line in transcript.lines]
        return {
            ("ctrs", "understanding"): float(texts[0].count("open")),
            ("ctrs", "collaboration"): float(sum(len(text) for text in texts[1::2])),
            ("ctrs", "focus"): float(ord(texts[2].split()[-2]) % 5),
        }

    assert reliability.halo(many, scored(judging(apart), many), 1)[0].verdict == "pass"
    assert reliability.halo(many, scored(judging(one_impression), many), 1)[0].verdict == "miss"


def test_convergence_needs_enough_of_a_cell(many: list[Session], judging: Judging) -> None:
    few = [one for one in many if int(one.persona[-2:]) < 5]
    codes = [[()] * len(one.lines) for one in few]
    found = convergence.check(few, scored(judging(fair), few), codes, 1).findings
    assert only(found, "mi_consistent: alliance and trust").verdict == "not tested"
    assert only(found, "mi_consistent: coded resistance").verdict == "not tested"


def test_convergence_beyond_length(make: Callable[..., Session], judging: Judging) -> None:
    sessions = [
        make(
            f"p{number:02}",
            trust=number / 40,
            texts=["open " * number + "so " * (40 - number), "Go on.", "so", "Yes."],
            discord=[0.9, 0.2] if number % 2 else [0.1, 0.3],
        )
        for number in range(40)
    ]
    codes = [[("discounting",) if at % 2 else (), (), (), ()] for at in range(40)]
    held = convergence.check(sessions, scored(judging(fair), sessions), codes, 1)
    assert only(held.findings, "alliance and trust").verdict == "pass"
    assert only(held.findings, "coded resistance and discord").verdict == "pass"
    lost = convergence.check(sessions, scored(judging(flat), sessions), codes, 1)
    assert only(lost.findings, "alliance and trust").verdict != "pass"
    turned = [[(), (), ("discounting",) if at % 2 else (), ()] for at in range(40)]
    lost = convergence.check(sessions, scored(judging(fair), sessions), turned, 1)
    assert only(lost.findings, "coded resistance and discord").verdict == "miss"


def test_partner_dependence(many: list[Session], judging: Judging) -> None:
    held = partner.check(many, scored(judging(fair), many), judging(fair), 1)
    assert only(held.findings, "hidden trust, within").verdict == "pass"
    assert only(held.findings, "alliance score, over all").verdict == "pass"
    assert only(held.findings, "whom the yoked").verdict == "pass"
    style = partner.check(many, scored(judging(deaf), many), judging(deaf), 1)
    told = only(style.findings, "alliance score, over all")
    assert told.verdict == "miss"
    assert "therapist style" in told.note
    assert only(style.findings, "hidden trust, within").verdict == "miss"
    assert only(style.findings, "whom the yoked").verdict == "miss"
    assert only(style.findings, "alliance: real − yoked").verdict == "miss"


def test_yoked_pairs_stay_in_their_cell(many: list[Session]) -> None:
    for one, at in zip(many, partner.yoked(many), strict=True):
        assert at is not None
        assert many[at].cell == one.cell
        assert many[at].persona != one.persona
    mixed = partner.mixed(many[0], many[1])
    assert mixed.lines[0].text == many[1].lines[0].text
    assert mixed.lines[1].text == many[0].lines[1].text
    assert partner.yoked(many[:1]) == [None]


def test_doses_are_nested(many: list[Session]) -> None:
    edit = sensitivity.EDITS[0]
    tape = Edited(many[0].lines, edit, "1")
    plain = tape.at(0.0)
    changed = [
        {at for at, (a, b) in enumerate(zip(plain, tape.at(dose), strict=True)) if a != b}
        for dose in DOSES
    ]
    assert changed[0] == set()
    assert all(lower <= higher for lower, higher in pairwise(changed))
    assert changed[-1] == {3, 5}
    assert [line.text for line in plain if line.speaker == "client"] == [
        line.text for line in many[0].lines if line.speaker == "client"
    ]


def test_sensitivity(many: list[Session], judging: Judging) -> None:
    longer = [replace(one, lines=(*one.lines, *one.lines)) for one in many]
    scores = scored(judging(fair), longer)
    held = sensitivity.check(longer, scores, judging(asks), 1, (ASKING,))
    assert only(held.findings, "slope").verdict == "pass"
    assert only(held.findings, "off target").verdict == "pass"

    def spills(transcript: Transcript) -> Scores:
        return {SKILL: 3.0, BOND: 1.0 + share(transcript, "therapist", "?")}

    missed = sensitivity.check(longer, scores, judging(spills), 1, (ASKING,))
    assert only(missed.findings, "slope").verdict == "miss"
    assert only(missed.findings, "off target").verdict == "miss"
    few = sensitivity.check(longer[:2], scores.rows([0, 1]), judging(asks), 1, (ASKING,))
    assert few.findings[0].verdict == "not tested"


def test_redrawn_keeps_who_speaks(many: list[Session]) -> None:
    first, second = (redrawn(many[0], form) for form in "ab")
    assert [line.speaker for line in first] == [line.speaker for line in many[0].lines]
    assert [line.text for line in first] != [line.text for line in second]
    assert redrawn(many[0], "a") == first


def twins(make: Callable[..., Session]) -> list[Session]:
    found = []
    for number in range(12):
        own = make(f"p{number:02}", trust=number / 12, heritage="european", gender="woman")
        other = replace(
            own,
            persona=f"{own.persona}-african",
            card=own.card.model_copy(update={"name": "Kwame"}),
            traits={**own.traits, "twin_of": own.persona, "heritage": "african"},
        )
        found += [own, other]
    return found


def test_twins(make: Callable[..., Session], judging: Judging) -> None:
    sessions = twins(make)
    equal = fairness.equivalence(sessions, scored(judging(fair), sessions))
    assert only(equal, "any trait").verdict == "pass"
    assert only(equal, "gender").verdict == "not tested"

    def biased(transcript: Transcript) -> Scores:
        return {BOND: fair(transcript)[BOND] - 0.4 * (transcript.card.name == "Kwame")}

    unequal = fairness.equivalence(sessions, scored(judging(biased), sessions))
    assert only(unequal, "heritage").verdict == "miss"
    assert fairness.equivalence(sessions[::2], scored(judging(fair), sessions[::2]))[0].verdict == (
        "not tested"
    )


def test_names_in_the_words(many: list[Session], judging: Judging) -> None:
    scores = scored(judging(fair), many)
    [held] = fairness.names_in_words(many, scores, judging(fair))
    assert held.verdict == "pass"

    def biased(transcript: Transcript) -> Scores:
        return {SKILL: fair(transcript)[SKILL] + share(transcript, "therapist", "Amara")}

    [missed] = fairness.names_in_words(many, scores, judging(biased))
    assert missed.verdict == "miss"


def test_item_functioning(many: list[Session], judging: Judging) -> None:
    grouped = [
        replace(
            one,
            traits={**one.traits, "gender": "woman" if int(one.persona[-2:]) % 2 else "man"},
        )
        for one in many
    ]
    names = [("ctrs", name) for name in ("understanding", "collaboration", "focus")]
    women = [one.traits["gender"] == "woman" for one in grouped]

    def values(bias: float) -> Table:
        rows = [
            {
                names[0]: noise + bias * woman,
                names[1]: noise * 0.7,
                names[2]: 1.0 - noise * 0.4,
            }
            for one, woman in zip(grouped, women, strict=True)
            for noise in (hash_free(one.session_id),)
        ]
        return table(rows)

    fair_items = only(fairness.item_functioning(grouped, values(0.0), 1), "gender")
    assert fair_items.verdict == "pass"
    assert only(fairness.item_functioning(grouped, values(0.5), 1), "gender").verdict == "miss"
    assert only(fairness.item_functioning(many, values(0.0), 1), "gender").verdict == "not tested"


def hash_free(text: str) -> float:
    """A number in [0, 1) from a text, the same in every process."""
    return sum(ord(letter) * (at + 1) for at, letter in enumerate(text)) % 97 / 97


def test_crisis_recall(tmp_path: Path) -> None:
    assert fairness.crisis_recall(tmp_path).verdict == "not tested"

    def write(second: str) -> None:
        entries = [("plain", "I am going to kill myself tonight.")] * 10 + [("slang", second)] * 10
        lines = "".join(f'  - {{register: {r}, text: "{text}"}}\n' for r, text in entries)
        (tmp_path / "held_out.yaml").write_text(f"client_positive:\n{lines}", encoding="utf-8")

    write("Gonna kill myself tonight.")
    assert fairness.crisis_recall(tmp_path).verdict == "pass"
    write("The bus was late.")
    missed = fairness.crisis_recall(tmp_path)
    assert missed.verdict == "miss"
    assert "bus" not in missed.model_dump_json()


def test_small_talk(many: list[Session], judging: Judging) -> None:
    assert len(controls.chats()) == 8
    scores = scored(judging(fair), many)
    generous = controls.small_talk(scores, judging(lambda _: {SKILL: 6.0, BOND: 5.0}))
    assert {one.verdict for one in generous} == {"miss"}
    silent = controls.small_talk(scores, judging(lambda _: {}))
    assert only(silent, "skill").verdict == "pass"


def test_therapists_name(many: list[Session], judging: Judging) -> None:
    assert controls.therapists_name(many[:80], judging(fair)).verdict == "pass"

    def title(transcript: Transcript) -> Scores:
        return {SKILL: fair(transcript)[SKILL] + share(transcript, "therapist", "Dr.")}

    assert controls.therapists_name(many[:80], judging(title)).verdict == "miss"


def test_shuffled_turns(many: list[Session], judging: Judging) -> None:
    sessions = [
        replace(
            one,
            lines=tuple(
                replace(line, text=f"{'yes' if at % 2 else 'no'} {at // 2}")
                for at, line in enumerate(one.lines)
            ),
        )
        for one in many[:60]
    ]

    def in_order(transcript: Transcript) -> Scores:
        texts = [line.text.split()[1] for line in transcript.lines]
        met = sum(a == b for a, b in zip(texts[::2], texts[1::2], strict=True))
        own = sum(a == str(at) for at, a in enumerate(texts[::2]))
        noise = hash_free(transcript.card.name) / 10
        return {
            SKILL: met + own + noise,
            BOND: met + own + noise,
            ("resistance_trajectory", "first"): float(texts[0]),
        }

    scores = scored(judging(in_order), sessions)
    noticed = controls.shuffled(sessions, scores, judging(in_order), 1)
    judged = [one for one in noticed if one.verdict != "reported"]
    assert {one.verdict for one in judged} == {"pass"}

    def bag_of_words(transcript: Transcript) -> Scores:
        every = sorted(line.text for line in transcript.lines)
        value = float(len(every)) + hash_free(transcript.card.name)
        return {SKILL: value, BOND: value, ("resistance_trajectory", "first"): value}

    scores = scored(judging(bag_of_words), sessions)
    unmoved = controls.shuffled(sessions, scores, judging(bag_of_words), 1)
    assert {one.verdict for one in unmoved if one.verdict != "reported"} == {"miss"}


def test_shuffled_faces(many: list[Session], judging: Judging) -> None:
    from mirrorplay.agents.roles import Image

    transcripts = [
        replace(one.transcript, faces=(Image(bytes([at]), "image/png", 1, 1),))
        for at, one in enumerate(many[:6])
    ]
    people = [f"p{at}" for at in range(6)]

    def looks(transcript: Transcript) -> Scores:
        return {BOND: float(transcript.faces[0].data[0]) if transcript.faces[0] else 0.0}

    faces = controls.Faces(transcripts, people, judging(looks))
    seen = controls.face_controls(faces, judging(fair))
    assert [one.verdict for one in seen] == ["pass", "pass"]
    blind = controls.face_controls(
        controls.Faces(transcripts, people, judging(fair)), judging(looks)
    )
    assert [one.verdict for one in blind] == ["miss", "miss"]
    assert controls.face_controls(None, judging(fair))[0].verdict == "not tested"


def test_humans(tmp_path: Path) -> None:
    nobody = humans.check([tmp_path])
    assert nobody.findings[-1].verdict == "not tested"
    assert nobody.findings[-1].note == "not validated by clinicians"


def test_a_lever_is_held_against_items_of_its_own_scale(
    many: list[Session], judging: Judging
) -> None:
    """MITI's globals follow counts of behaviours; those move more, and are no rivals."""
    empathy, count = ("miti", "empathy"), ("miti", "mi_adherent_count")

    def both(transcript: Transcript) -> Scores:
        found = share(transcript, "therapist", "?")
        return {empathy: fair(transcript)[SKILL] / 9.0 + found, count: 9.0 * found}

    lever = replace(ASKING, own=(empathy,))
    [moved] = known_groups.levers(many, scored(judging(both), many), judging(both), 1, (lever,))
    assert "moves more" not in moved.found
