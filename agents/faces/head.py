"""The head without its features: neck, ears, face, and the soft shading that gives it volume."""

from mirrorplay.agents.faces.palette import mix
from mirrorplay.agents.faces.path import curve, disc, fill, lerp, loop, shape, stroke
from mirrorplay.agents.faces.sitter import Sitter


def neck(sitter: Sitter) -> str:
    """Neck and the top of the chest, with the shadow that the chin casts."""
    palette, identity = sitter.palette, sitter.identity
    half = 33.0 * identity.neck
    left, right = 168 - half, 168 + half
    flesh = shape(
        [(left + 1, 190), (left, 232), (left - 10, 258), (left - 46, 284)],
        [(left - 46, 336), (right + 46, 336)],
        [(right + 46, 284), (right + 10, 258), (right, 232), (right - 1, 190)],
    )
    chin_x, chin_y = sitter.rim(0, sitter.fallen(sitter.chin_y), 0.76)
    low = min(max(chin_y + 22, 244), 300)
    shadow = shape(
        [(left + 1, 206), (left, 236)],
        [(left, 236), (lerp(left, chin_x, 0.5), low - 5), (chin_x + 2, low),
         (lerp(right, chin_x, 0.4), low - 2), (right, 240)],
        [(right, 240), (right - 1, 206)],
    )  # fmt: skip
    cord = curve([(left + 12, 252), (left + 24, 272), (160, 292)]) + curve(
        [(right - 10, 254), (right - 24, 274), (176, 292)]
    )
    return (
        fill(flesh, palette.skin)
        + fill(shadow, palette.deep, 0.42)
        + stroke(cord, palette.deep, 1.6, 0.18)
    )


def ears(sitter: Sitter) -> str:
    """Both ears, unless hair or cloth lies over them; they belong behind the face."""
    palette, size = sitter.palette, sitter.identity.ear_size
    if sitter.identity.hair_style in {"long", "medium", "covered"}:
        return ""
    lobes, inners = "", ""
    for side in (-1, 1):
        x = side * 61.5 * sitter.width
        near = 1 - 0.9 * max(0.0, side * sitter.pose.sin_yaw)

        def at(
            dx: float, dy: float, *, x: float = x, side: int = side, near: float = near
        ) -> tuple[float, float]:
            return sitter.rim(x + side * (dx * size * near - 8 * (1 - near)), 8 + dy * size, -0.12)

        lobes += loop(
            [at(-4, -19), at(5, -22), at(10.5, -13), at(8.5, 3), at(5, 16), at(-1, 19), at(-5, 10)]
        )
        inners += curve([at(1, -14), at(6.5, -15), at(7, -6), at(4, 3), at(2.5, 9)])
    warm = mix(palette.skin, palette.shade, 0.5)
    return fill(lobes, warm) + stroke(inners, palette.deep, 1.6, 0.55)


def face(sitter: Sitter) -> str:
    """Skin of skull and face."""
    palette = sitter.palette
    edges = sitter.outline()
    wide = sitter.width
    top = [sitter.rim(-62.5 * wide, -28, 0.0), sitter.rim(-57 * wide, -60, 0.0),
           sitter.rim(-36 * wide, -86, 0.0), sitter.rim(0, -96, 0.0),
           sitter.rim(36 * wide, -86, 0.0), sitter.rim(57 * wide, -60, 0.0),
           sitter.rim(62.5 * wide, -28, 0.0)]  # fmt: skip
    ring = top[:-1] + edges[1] + edges[-1][-2:0:-1]
    skin = fill(loop(ring), "url(#skin)")
    # The side away from the light, from temple to jaw.
    turn = sitter.pose.sin_yaw
    inset = 15 - 12 * turn
    outer = edges[1]
    side = [
        (x - inset * weight, y)
        for (x, y), weight in zip(outer[:6], (0.5, 0.6, 1.0, 1.15, 1.0, 0.5), strict=True)
    ]
    shadow = fill(shape(outer[:7], side[::-1]), palette.shade, 0.5)
    return skin + shadow


def modelling(sitter: Sitter) -> str:
    """Cheeks, eye sockets, forehead light and chin: large soft areas of light and warmth."""
    muscles, at = sitter.muscles, sitter.face
    parts: list[str] = []
    lift = {}
    for side in (-1, 1):
        raised = max(muscles.on(6, side), 0.7 * muscles.on(12, side))
        lift[side] = raised
        cheek = at(side * 35, sitter.nose_y - 8 - 5 * raised)
        parts.append(disc(cheek, 19 + 2 * raised, 14, "url(#blush)", 0.55 + 0.4 * raised))
        socket = at(side * (sitter.eye_x - 3), sitter.eye_y - 7)
        parts.append(disc(socket, 18, 11, "url(#socket)", 0.75))
    parts.append(disc(at(-12, -52), 40, 20, "url(#glow)", 0.65))
    parts.append(disc(at(-32, sitter.nose_y - 12 - 5 * lift[-1]), 13, 8, "url(#glow)", 0.55))
    chin = at(0, sitter.fallen(sitter.mouth_y + 26) - 2 * muscles.mean(17))
    parts.append(disc(chin, 13, 8, "url(#glow)", 0.55))
    return "".join(parts)


def nose(sitter: Sitter) -> str:
    """Bridge, tip, wings and nostrils; units 9, 10 and 12 pull the wings."""
    palette, muscles, identity = sitter.palette, sitter.muscles, sitter.identity
    wide, base = identity.nose_width, sitter.nose_y
    middle = identity.nose_asymmetry
    tip = base - 5
    wrinkle = muscles.mean(9)
    parts: list[str] = []

    def at(x: float, y: float, lift: float) -> tuple[float, float]:
        return sitter.face(middle + x, y, lift)

    # Shaded plane of the bridge; it lies on the side away from the light.
    plane = shape(
        [
            at(6, sitter.brow_y + 9, 2),
            at(4.5, sitter.eye_y + 2, 8),
            at(4.0, base - 20, 13),
            at(6, tip - 3, 17),
        ],
        [at(6, tip - 3, 17), at(12.5 * wide, base - 6, 8), at(11.5 * wide, base - 14, 6)],
        [
            at(11.5 * wide, base - 14, 6),
            at(8.5, sitter.eye_y + 6, 3),
            at(11, sitter.brow_y + 10, 0),
        ],
    )
    plane += shape(
        [
            at(-10, sitter.brow_y + 9, 0),
            at(-6.5, sitter.eye_y + 1, 4),
            at(-8, sitter.eye_y + 12, 3),
        ],
        [
            at(-8, sitter.eye_y + 12, 3),
            at(-11.5, sitter.eye_y + 2, 1),
            at(-10, sitter.brow_y + 9, 0),
        ],
    )
    parts.append(fill(plane, palette.shade, 0.38))
    bridge = curve([at(-1.2, sitter.eye_y - 4, 8), at(-1.4, base - 18, 13), at(-1.5, tip - 6, 17)])
    parts.append(stroke(bridge, palette.light, 4.2, 0.42))
    under = loop([
        at(-11.5 * wide, base - 1, 6), at(0, base - 3.2, 16), at(11.5 * wide, base - 1, 6),
        at(6 * wide, base + 3.4, 9), at(0, base + 4.6, 11), at(-6 * wide, base + 3.4, 9),
    ])  # fmt: skip
    parts.append(fill(under, palette.deep, 0.34))
    parts.append(disc(at(-2, tip - 1, 18), 5.6 + 1.6 * identity.nose_tip, 4.6, "url(#glow)", 0.9))
    wings: list[str] = []
    holes: list[str] = []
    for side in (-1, 1):
        up = 2.6 * muscles.on(9, side) + 1.4 * muscles.on(10, side)
        out = side * (1.4 * muscles.on(12, side) + 1.2 * muscles.on(9, side))
        wings.append(curve([
            at(side * 9.8 * wide + out, base - 10.5 - up, 8),
            at(side * 13.4 * wide + out, base - 6.5 - up, 6),
            at(side * 13.9 * wide + out, base - 1.0 - up, 6),
            at(side * 10.4 * wide + out, base + 1.8 - up, 8),
        ]))  # fmt: skip
        holes.append(loop([
            at(side * 3.6 * wide, base + 1.2 - 0.4 * up, 12),
            at(side * 6.8 * wide, base - 0.9 - 0.7 * up, 10),
            at(side * 9.6 * wide + out, base + 0.4 - up, 8),
            at(side * 6.6 * wide, base + 2.0 - 0.7 * up, 10),
        ]))  # fmt: skip
    parts.append(stroke("".join(wings), palette.line, 1.5, 0.50))
    parts.append(fill("".join(holes), palette.line, 0.80))
    if wrinkle:
        y = sitter.eye_y
        lines = ""
        for side in (-1, 1):
            for step in range(3):
                lines += curve([
                    at(side * 2.2, y + 5 + 4.6 * step, 10),
                    at(side * 6.0, y + 2.4 + 4.6 * step, 7),
                    at(side * 9.6, y + 1.8 + 4.6 * step, 4),
                ])  # fmt: skip
        parts.append(stroke(lines, palette.line, 1.3, 0.62 * wrinkle))
    return "".join(parts)
