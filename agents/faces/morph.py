"""From one expression to another in frames: as expressions, as SVG, and as an animated WebP.

Every unit, gaze and head angle moves on its own along the same smooth ramp, slow at both ends as
facial movements are. A pure function: no clock enters it.
"""

from collections.abc import Sequence

import pyvips

from mirrorplay.agents.faces.identity import Identity
from mirrorplay.agents.faces.portrait import portrait_svg
from mirrorplay.agents.faces.raster import render
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.facs import ActionUnit, Expression

FEWEST, MOST = 2, 240
"""Frames of one morph."""
LONGEST_MS = 10_000
WEBP_QUALITY = 88


def _by_side(expression: Expression) -> dict[int, tuple[float, float]]:
    """Intensity of each unit on the client's left and right."""
    found: dict[int, tuple[float, float]] = {}
    for unit in expression.action_units:
        left, right = found.get(unit.au, (0.0, 0.0))
        if unit.side != "right":
            left = max(left, unit.intensity)
        if unit.side != "left":
            right = max(right, unit.intensity)
        found[unit.au] = (left, right)
    return found


def between(one: Expression, other: Expression, share: float) -> Expression:
    """The face at `share` of the way, 0 `one` to 1 `other`. The words are those of the nearer."""
    if share <= 0.0:
        return one
    if share >= 1.0:
        return other

    def mixed(a: float, b: float) -> float:
        return a + (b - a) * share

    start, end = _by_side(one), _by_side(other)
    units: list[ActionUnit] = []
    for au in sorted(start.keys() | end.keys()):
        (a, b), (c, d) = start.get(au, (0.0, 0.0)), end.get(au, (0.0, 0.0))
        left, right = mixed(a, c), mixed(b, d)
        if left == right:
            units.append(ActionUnit(au=au, intensity=left))
            continue
        if left > 0:
            units.append(ActionUnit(au=au, intensity=left, side="left"))
        if right > 0:
            units.append(ActionUnit(au=au, intensity=right, side="right"))
    nearer = one if share < 0.5 else other
    return Expression(
        action_units=tuple(units),
        gaze_x=mixed(one.gaze_x, other.gaze_x),
        gaze_y=mixed(one.gaze_y, other.gaze_y),
        head_yaw=mixed(one.head_yaw, other.head_yaw),
        head_pitch=mixed(one.head_pitch, other.head_pitch),
        head_roll=mixed(one.head_roll, other.head_roll),
        caption=nearer.caption,
        contrast=nearer.contrast,
    )


def morph(one: Expression, other: Expression, frames: int) -> tuple[Expression, ...]:
    """`frames` expressions, the first `one` and the last `other`. Raises UserError for fewer than
    2 or more than 240."""
    if not FEWEST <= frames <= MOST:
        raise UserError(
            f"a morph of {frames!r} frames cannot be made", allowed=f"{FEWEST} to {MOST} frames"
        )
    last = frames - 1
    shares = (index / last for index in range(frames))
    return tuple(between(one, other, x * x * (3 - 2 * x)) for x in shares)


def morph_svgs(
    identity: Identity, one: Expression, other: Expression, frames: int, size: int = 336
) -> tuple[str, ...]:
    """The frames of `morph` as SVG."""
    return tuple(portrait_svg(identity, shown, size) for shown in morph(one, other, frames))


def animated_webp(svgs: Sequence[str], frame_ms: int = 40, there_and_back: bool = False) -> bytes:
    """An animated WebP that repeats for ever. `frame_ms`, 10–10,000, is the time of one frame; the
    first and the last stay for twelve. Raises UserError without a frame or with another time."""
    if not svgs:
        raise UserError("an animation needs at least one frame")
    if not 10 <= frame_ms <= LONGEST_MS:
        raise UserError(
            f"a frame time of {frame_ms!r} ms cannot be used", allowed=f"10 to {LONGEST_MS} ms"
        )
    pages = [render(svg) for svg in svgs]
    delays = [frame_ms] * len(pages)
    delays[0] = delays[-1] = min(LONGEST_MS, 12 * frame_ms)
    if there_and_back:
        pages += pages[-2:0:-1]
        delays += delays[-2:0:-1]
    film = pyvips.Image.arrayjoin([page.copy_memory() for page in pages], across=1).copy()
    film.set_type(pyvips.GValue.gint_type, "page-height", pages[0].height)
    film.set_type(pyvips.GValue.array_int_type, "delay", delays)
    film.set_type(pyvips.GValue.gint_type, "loop", 0)
    data: bytes = film.webpsave_buffer(Q=WEBP_QUALITY, effort=4, keep="none")
    return data
