"""How well the perceiver reads: people it has never seen, through the file that ships.

Everything goes the way of a session: portrait, JPEG, opened again, network, units. A unit counts as
shown, and as seen, from intensity 1.5 (B after rounding). The main set has whole letters, as people
score faces; "between letters" and "as played" have any intensity, and so cases that nobody could
decide. Needs no torch.
"""

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyvips

from mirrorplay.agents.faces.identity import Identity
from mirrorplay.agents.faces.perceiver import EmbeddedPerceiver
from mirrorplay.agents.faces.pictures import framed
from mirrorplay.agents.faces.portrait import portrait_svg
from mirrorplay.agents.faces.raster import render
from mirrorplay.agents.faces.readout import (
    A_FACE,
    POSE,
    SIDE,
    SIDED,
    Readout,
    measured,
    targets,
)
from mirrorplay.agents.faces.training.renders import counted, empty
from mirrorplay.agents.faces.training.samples import PROTOTYPES, Kind, Sample, in_letters, sample
from mirrorplay.policies.facs import ACTION_UNITS, ActionUnit, Expression

SPLIT = "test"
SHOWN = 1.5
"""B, as letters round."""
SIZE = 336
Picture = Callable[[pyvips.Image], bytes]


class Look(NamedTuple):
    """One face and what was read from it."""

    sample: Sample
    readout: Readout
    seen: Expression | None


def session_jpeg(picture: pyvips.Image) -> bytes:
    """As a session encodes it."""
    return jpeg_of(picture, 92)


def jpeg_of(picture: pyvips.Image, quality: int) -> bytes:
    data: bytes = picture.jpegsave_buffer(Q=quality, subsample_mode="on", keep="none")
    return data


def drawn(samples: Iterable[Sample]) -> Iterator[tuple[Sample, pyvips.Image]]:
    """Each sample with its drawing, in memory."""
    for one in samples:
        yield one, render(portrait_svg(one.identity, one.expression, SIZE)).copy_memory()


def looks(
    perceiver: EmbeddedPerceiver,
    drawings: Iterable[tuple[Sample, pyvips.Image]],
    picture: Picture = session_jpeg,
) -> list[Look]:
    """Reads each drawing; `picture` spoils and encodes it."""
    found = []
    for one, drawing in drawings:
        readout = perceiver.measure(framed(picture(drawing), SIDE))
        found.append(Look(one, readout, measured(readout)))
    return found


class Counts(NamedTuple):
    """Hits and misses of each unit."""

    hit: Mapping[int, int]
    false: Mapping[int, int]
    missed: Mapping[int, int]

    def f1(self, au: int) -> float | None:
        """None for a unit that was neither shown nor seen."""
        total = 2 * self.hit[au] + self.false[au] + self.missed[au]
        return 2 * self.hit[au] / total if total else None

    def macro(self) -> float:
        """The mean over units that were shown, 0 where none was."""
        values = [self.f1(au) for au in ACTION_UNITS if self.hit[au] + self.missed[au] > 0]
        return float(np.mean([value for value in values if value is not None] or [0.0]))


def _strong(face: Expression | None) -> frozenset[int]:
    units: tuple[ActionUnit, ...] = face.action_units if face else ()
    return frozenset(unit.au for unit in units if unit.intensity >= SHOWN)


def counts(found: Iterable[Look]) -> Counts:
    """Units at B and above, those that cannot be seen left out."""
    hit, false, missed = (dict.fromkeys(ACTION_UNITS, 0) for _ in range(3))
    for look in found:
        shown, seen = _strong(look.sample.expression), _strong(look.seen)
        hidden = {25} if counted(look.sample.expression)[0].min() == 0 else set()
        for au in ACTION_UNITS:
            if au in hidden:
                continue
            hit[au] += au in shown and au in seen
            false[au] += au in seen and au not in shown
            missed[au] += au in shown and au not in seen
    return Counts(hit, false, missed)


def side_accuracy(found: Iterable[Look]) -> dict[str, float]:
    """Of units at B and above that were seen: shown on one side, how often that side was read;
    shown on both, how often both."""
    right = {"one": 0, "both": 0}
    total = {"one": 0, "both": 0}
    for look in found:
        if look.seen is None:
            continue
        seen = {unit.au: unit.side for unit in look.seen.action_units}
        for unit in look.sample.expression.action_units:
            if unit.au in SIDED and unit.intensity >= SHOWN and unit.au in seen:
                kind = "both" if unit.side == "both" else "one"
                total[kind] += 1
                right[kind] += seen[unit.au] == unit.side
    return {kind: _rounded(right[kind] / max(1, total[kind])) for kind in total}


def distances(found: list[Look]) -> dict[str, float]:
    """Mean absolute errors: gaze and head in units of their range [-1, 1], and the intensity
    (0–5) of shown units."""
    errors: dict[str, list[float]] = {name: [] for name in (*POSE, "intensity")}
    for look in found:
        units, pose = targets(look.sample.expression)
        _, counted_pose = counted(look.sample.expression)
        for index, name in enumerate(POSE):
            if counted_pose[index]:
                errors[name].append(abs(float(look.readout.pose[index] - pose[index])))
        shown = units > 0
        errors["intensity"] += np.abs(look.readout.intensities - units)[shown].tolist()
    return {name: _rounded(float(np.mean(values))) for name, values in errors.items() if values}


def named(face: Expression | None) -> str:
    """The prototype whose units are closest to those of a face, by the cosine; "none" for a face
    without a unit at B."""
    units = {unit.au: unit.intensity for unit in face.action_units} if face else {}
    if max(units.values(), default=0.0) < SHOWN:
        return "none"
    length = sum(value * value for value in units.values()) ** 0.5
    return max(
        PROTOTYPES,
        key=lambda name: (
            sum(units.get(au, 0.0) for au in PROTOTYPES[name])
            / (length * len(PROTOTYPES[name]) ** 0.5)
        ),
    )


def confusion(found: Iterable[Look]) -> dict[str, dict[str, int]]:
    """Shown prototype → named prototype → how often."""
    table = {name: dict.fromkeys((*PROTOTYPES, "none"), 0) for name in PROTOTYPES}
    for look in found:
        if look.sample.label:
            table[look.sample.label][named(look.seen)] += 1
    return table


GROUPS: Mapping[str, Mapping[str, Callable[[Identity], bool]]] = {
    "skin": {
        "monk 1-3": lambda who: who.skin_tone <= 3,
        "monk 4-7": lambda who: 4 <= who.skin_tone <= 7,
        "monk 8-10": lambda who: who.skin_tone >= 8,
    },
    "glasses": {
        "without": lambda who: who.glasses == "none",
        "with": lambda who: who.glasses != "none",
    },
    "beard": {
        "without": lambda who: who.beard == "none",
        "with": lambda who: who.beard not in ("none", "stubble"),
    },
    "hair": {
        "open": lambda who: who.hair_style != "covered",
        "covered": lambda who: who.hair_style == "covered",
    },
    "age": {
        "under 40": lambda who: who.age < 40,
        "40-64": lambda who: 40 <= who.age < 65,
        "65 and over": lambda who: who.age >= 65,
    },
}
"""Whose faces are compared."""


def by_group(found: list[Look]) -> dict[str, dict[str, float]]:
    """Macro F1 in each group, and the largest difference within each division."""
    table: dict[str, dict[str, float]] = {}
    for division, groups in GROUPS.items():
        values = {
            name: _rounded(
                counts([look for look in found if belongs(look.sample.identity)]).macro()
            )
            for name, belongs in groups.items()
        }
        table[division] = {**values, "gap": _rounded(max(values.values()) - min(values.values()))}
    return table


def _jpeg(quality: int) -> Picture:
    return lambda picture: jpeg_of(picture, quality)


def _scaled(size: int) -> Picture:
    return lambda picture: session_jpeg(picture.resize(size / SIZE))


def _shifted(pixels: int) -> Picture:
    return lambda picture: session_jpeg(
        picture.embed(pixels, -pixels // 2, SIZE, SIZE, extend="copy")
    )


def _closer(zoom: float) -> Picture:
    """The same size, nearer (over 1) or further away (under 1), around the face's middle."""

    def closer(picture: pyvips.Image) -> bytes:
        scaled = picture.resize(zoom)
        return session_jpeg(scaled.embed(
            round(SIZE * 0.5 * (1 - zoom)), round(SIZE * 0.467 * (1 - zoom)), SIZE, SIZE,
            extend="copy",
        ))  # fmt: skip

    return closer


def _lit(gain: float) -> Picture:
    return lambda picture: session_jpeg((picture * gain).cast("uchar"))


def _blurred(sigma: float) -> Picture:
    return lambda picture: session_jpeg(picture.gaussblur(sigma))


def _grainy(sigma: float) -> Picture:
    def grainy(picture: pyvips.Image) -> bytes:
        noise = pyvips.Image.gaussnoise(SIZE, SIZE, sigma=sigma, mean=0, seed=int(sigma))
        return session_jpeg((picture + noise).cast("uchar"))

    return grainy


def _covered(share: float) -> Picture:
    """A grey rectangle of that share of the face's square, somewhere on it."""

    def covered(picture: pyvips.Image) -> bytes:
        rng = random.Random(picture.avg())
        side = int(SIZE * 2 / 3 * share**0.5)
        left, top = rng.randint(70, 266 - side), rng.randint(60, 256 - side)
        patch = pyvips.Image.black(side, side, bands=3).linear(1, [120, 110, 100])
        return session_jpeg(picture.insert(patch.cast("uchar").copy(interpretation="srgb"),
                                           left, top))  # fmt: skip

    return covered


CORRUPTIONS: Mapping[str, Picture] = {
    "none": session_jpeg,
    "jpeg 50": _jpeg(50), "jpeg 25": _jpeg(25), "jpeg 10": _jpeg(10),
    "size 224": _scaled(224), "size 128": _scaled(128), "size 96": _scaled(96),
    "shift 8 px": _shifted(8), "shift 16 px": _shifted(16), "shift 28 px": _shifted(28),
    "scale .9": _closer(0.9), "scale 1.1": _closer(1.1), "scale 1.25": _closer(1.25),
    "light .7": _lit(0.7), "light 1.3": _lit(1.3), "light .45": _lit(0.45),
    "blur 1": _blurred(1.0), "blur 2": _blurred(2.0), "blur 4": _blurred(4.0),
    "noise 8": _grainy(8.0), "noise 16": _grainy(16.0), "noise 32": _grainy(32.0),
    "cover 3 %": _covered(0.03), "cover 8 %": _covered(0.08), "cover 15 %": _covered(0.15),
}  # fmt: skip
"""By name: how a drawing is spoilt. Pixels are of a picture of 336."""


def evaluate(perceiver: EmbeddedPerceiver, people: int = 2000) -> dict[str, Any]:
    """All figures, as plain data. A quarter of the people is used for each corruption."""
    found = looks(perceiver, drawn(in_letters(sample(SPLIT, number)) for number in range(people)))
    between = looks(perceiver, _drawn_of(None, people // 2))
    played = looks(perceiver, _drawn_of("played", people // 2))
    prototypes = looks(perceiver, _drawn_of("prototype", people // 2))
    whole = counts(found)
    few = list(drawn(in_letters(sample(SPLIT, number)) for number in range(people // 4)))
    return {
        "people": people,
        "f1": _rounded(whole.macro()),
        "f1_between": _rounded(counts(between).macro()),
        "f1_played": _rounded(counts(played).macro()),
        "f1_by_unit": {str(au): _rounded(whole.f1(au) or 0.0) for au in ACTION_UNITS},
        "f1_by_kind": {
            kind: _rounded(counts([look for look in found if look.sample.kind == kind]).macro())
            for kind in ("single", "pair", "prototype", "overlay", "sparse")
        },
        "side_accuracy": side_accuracy(found),
        "error": distances(found),
        "error_played": distances(played),
        "groups": by_group(found + between + prototypes),
        "prototypes": confusion(prototypes),
        "no_face": _no_face(perceiver, found, people // 4),
        "corruptions": {
            name: _rounded(counts(looks(perceiver, few, spoil)).macro())
            for name, spoil in CORRUPTIONS.items()
        },
    }


def _drawn_of(kind: Kind | None, count: int) -> Iterator[tuple[Sample, pyvips.Image]]:
    """Faces of one kind, or of all, on people who are in no other part."""
    split = f"{SPLIT}-{kind or 'between'}"
    return drawn(sample(split, number, kind) for number in range(count))


def _no_face(perceiver: EmbeddedPerceiver, found: list[Look], count: int) -> dict[str, float]:
    """Shares of faces and of empty pictures that are taken for what they are."""
    rng = random.Random(SPLIT)
    drawing = render(portrait_svg(found[0].sample.identity, Expression(), SIZE))
    portrait = framed(session_jpeg(drawing), SIDE)
    blank = [perceiver.measure(empty(rng, portrait)).face for _ in range(count)]
    return {
        "faces_seen": _rounded(float(np.mean([look.readout.face >= A_FACE for look in found]))),
        "empty_seen_empty": _rounded(float(np.mean([chance < A_FACE for chance in blank]))),
    }


def milliseconds(perceiver: EmbeddedPerceiver, times: int = 200) -> float:
    """Processor time of one look, opening the picture included; the median."""
    one = sample(SPLIT, 0)
    data = session_jpeg(render(portrait_svg(one.identity, one.expression, SIZE)))
    perceiver.read(data)
    spent = []
    for _ in range(times):
        started = time.process_time()
        perceiver.read(data)
        spent.append(time.process_time() - started)
    return float(np.median(spent)) * 1000


def _rounded(value: float) -> float:
    return round(value, 3)


def write(figures: Mapping[str, Any], path: Path) -> None:
    """The figures beside the model, for the docs to quote."""
    path.write_text(json.dumps(figures, indent=1) + "\n")


MARK = "<!-- figures -->"


def quote(text: str, page: Path) -> None:
    """Puts the table between the two marks of a Markdown page. Raises ValueError without them."""
    parts = page.read_text(encoding="utf-8").split(MARK)
    if len(parts) != 3:
        raise ValueError(f"{page} has not the two marks {MARK!r}")
    parts[1] = f"\n```\n{text}\n```\n"
    page.write_text(MARK.join(parts), encoding="utf-8")


def table(figures: Mapping[str, Any]) -> str:
    """The figures for people."""
    lines = [
        f"unit F1 (macro, B and above)  {figures['f1']:.3f}   "
        f"between letters {figures['f1_between']:.3f}   as played {figures['f1_played']:.3f}",
    ]
    for title in ("f1_by_kind", "f1_by_unit", "side_accuracy", "error", "error_played", "no_face",
                  "corruptions"):  # fmt: skip
        lines += ["", title.replace("_", " ")]
        lines += [f"  {name:<18} {value:.3f}" for name, value in figures[title].items()]
    for division, values in figures["groups"].items():
        cells = "   ".join(f"{name} {value:.3f}" for name, value in values.items())
        lines.append(f"{division:<8} {cells}")
    names = list(PROTOTYPES)
    lines += [
        "",
        "shown \\ named".ljust(14) + "".join(f"{name[:7]:>9}" for name in (*names, "none")),
    ]
    for name in names:
        row = figures["prototypes"][name]
        lines.append(f"{name:<14}" + "".join(f"{row[other]:>9}" for other in (*names, "none")))
    return "\n".join(lines)
