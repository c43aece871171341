"""The lines that the mouth's movement cuts into cheeks and chin, over the lines of age."""

from mirrorplay.agents.faces.lips import Lips
from mirrorplay.agents.faces.path import Inks, curve, oval, shape
from mirrorplay.agents.faces.sitter import Sitter


def _cheek_fold(sitter: Sitter, lips: Lips, side: int, inks: Inks) -> None:
    """The furrow from the nose to the corner of the mouth."""
    palette, at, muscles = sitter.palette, sitter.face, sitter.muscles
    age, wide, base = sitter.identity.age_lines, sitter.identity.nose_width, sitter.nose_y
    smile, upper, wrinkle, sad, stretch = (muscles.on(au, side) for au in (12, 10, 9, 15, 20))
    x, y = lips.corner[side]
    weight = 0.05 + 0.40 * age + 0.55 * smile + 0.75 * upper + 0.55 * wrinkle
    weight = min(0.9, weight + 0.18 * sad + 0.40 * stretch)
    start = at(side * (12.5 * wide + 1), base - 8 - 3 * upper - 4.0 * wrinkle, 5)
    high = at(side * (17.5 * wide + 2.0 * upper + 2.0 * smile + wrinkle), base - 2, 4)
    middle = at(
        side * (21.5 * wide + 4.0 * upper + 4.0 * smile + 2 * wrinkle) + (x - side * 23) * 0.85,
        (base + y) / 2 - 1.0 * smile + 1.0,
        2,
    )
    end = at(x + side * (6.0 + 0.5 * smile), y - 3 + 2.5 * age + 3 * sad + 6.0 * smile, 0)
    line = curve([start, high, middle, end])
    deep = max(smile, upper, wrinkle)
    if weight > 0.12:
        inks.stroke(line, palette.fold, 3.6 + 1.8 * deep, 0.62 * weight)
    inks.stroke(line, palette.deep, 1.15 + 0.75 * deep, 0.80 * weight)


def _corner(sitter: Sitter, lips: Lips, side: int, inks: Inks) -> None:
    """Shadow, dimple and droop at one corner of the mouth."""
    palette, at, muscles = sitter.palette, sitter.face, sitter.muscles
    age = sitter.identity.age_lines
    dimple, sad = muscles.on(14, side), muscles.on(15, side)
    x, y = lips.corner[side]
    pool = oval(at(x + side * 0.6, y + 0.3), 1.9 + 1.4 * dimple, 1.7 + 2.2 * dimple)
    inks.fill(pool, palette.deep, min(0.6, 0.30 + 0.4 * dimple))
    if dimple > 0.04:
        pit = curve([
            at(x + side * 3.6, y - 6.5 - dimple), at(x + side * (5.8 + dimple), y - 0.5),
            at(x + side * 3.8, y + 5.4 + dimple),
        ])  # fmt: skip
        inks.stroke(pit, palette.fold, 5.2, 0.8 * dimple)
        inks.stroke(pit, palette.line, 1.2 + 0.9 * dimple, 0.16 + 0.48 * dimple)
    drooped = 0.85 * sad + 0.30 * age
    if drooped > 0.03:
        line = curve([
            at(x + side * 1.2, y + 1.5), at(x + side * 3.4, y + 6.5 + sad),
            at(x + side * 2.8, y + 12.0 + 2.5 * sad),
        ])  # fmt: skip
        inks.stroke(line, palette.fold, 3.6, 0.5 * drooped)
        inks.stroke(line, palette.deep, 1.4, 0.8 * drooped)


def _chin(sitter: Sitter, inks: Inks) -> None:
    """The boss that unit 17 pushes up, with its dimpled skin."""
    palette, at = sitter.palette, sitter.face
    chin = sitter.muscles.mean(17)
    if chin < 0.04:
        return
    y = sitter.fallen(sitter.mouth_y + 26) - 3.5 * chin
    boss = [at(-13, y - 1), at(-7, y - 7.5), at(0, y - 8.6), at(7, y - 7.5), at(13, y - 1)]
    low = [at(13, y - 1), at(6, y + 7), at(-6, y + 7), at(-13, y - 1)]
    pits = "".join(
        curve([at(dx - 1.6, y + dy), at(dx + 1.4, y + dy + 1.0)])
        for dx, dy in ((-7, 0), (-1, -3), (6, -1), (-4, 4), (3, 3), (8, 4), (-9, 5), (0, 7))
    )
    inks.fill(shape(boss, low), palette.shade, 0.45 * chin)
    inks.stroke(curve(boss), palette.deep, 1.9, 0.75 * chin)
    inks.stroke(pits, palette.deep, 1.5, 0.65 * chin)


def folds(sitter: Sitter, lips: Lips) -> str:
    """Furrows from nose to mouth, corner lines, dimples and the chin."""
    palette, muscles, at = sitter.palette, sitter.muscles, sitter.face
    inks = Inks()
    for side in (-1, 1):
        _cheek_fold(sitter, lips, side, inks)
        _corner(sitter, lips, side, inks)
    _chin(sitter, inks)
    if lips.press > 0.05:
        y = lips.top[0] - lips.upper_thickness - 3.0 - 2.4 * lips.roll
        low = lips.bottom[0] + lips.lower_thickness + 2.6 + 2.0 * lips.roll
        span = lips.corner[1][0] * 0.72
        bulge = curve([at(-span, y + 2.4), at(-6, y), at(6, y), at(span, y + 2.4)])
        bulge += curve([at(-span, low - 1.4), at(0, low + 1.4), at(span, low - 1.4)])
        inks.stroke(bulge, palette.fold, 4.4, 0.9 * lips.press)
        inks.stroke(bulge, palette.deep, 1.3, 0.75 * lips.press)
    pucker = max(muscles.mean(18), 0.5 * lips.roll)
    if pucker > 0.05:
        y, low = lips.top[0] - lips.upper_thickness - 1.2, lips.bottom[0] + lips.lower_thickness
        rays = "".join(
            curve([at(x, y), at(x * 1.25, y - 5.5)])
            + curve([at(x, low + 1.5), at(x * 1.2, low + 5.5)])
            for x in (-8.5, -4, 4.5, 8.5)
        )
        inks.stroke(rays, palette.deep, 1.1, 0.60 * pucker)
    return inks.drawn()
