"""The head without its features: neck, ears, face, and the soft shading that gives it volume."""

from mirrorplay.agents.faces.palette import mix
from mirrorplay.agents.faces.path import COARSE, curve, disc, fill, lerp, line, loop, shape, stroke
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
    bare = identity.collar in {"v", "scoop", "shirt"}
    cord = curve([(left + 12, 252), (left + 24, 272), (160, 292)]) + curve(
        [(right - 10, 254), (right - 24, 274), (176, 292)]
    )
    return (
        fill(flesh, palette.skin)
        + fill(shadow, palette.deep, 0.42)
        + (stroke(cord, palette.deep, 1.6, 0.12 + 0.2 * identity.age_lines) if bare else "")
    )


def ears(sitter: Sitter) -> str:
    """Both ears with their rings, unless hair or cloth lies over them; they belong behind the
    face."""
    palette, identity = sitter.palette, sitter.identity
    if identity.hair_style in {"long", "medium"} or sitter.scarf:
        return ""
    lobes, inners, folds = "", "", ""
    rings: list[str] = []
    size, stand = identity.ear_size, 0.75 + 0.5 * identity.ear_stand
    for side in (-1, 1):
        x = side * 61.5 * sitter.width
        near = 1 - 0.9 * max(0.0, side * sitter.pose.sin_yaw)

        def at(
            dx: float, dy: float, *, x: float = x, side: int = side, near: float = near
        ) -> tuple[float, float]:
            out = dx * size * stand if dx > 0 else dx
            return sitter.rim(x + side * (out * near - 8 * (1 - near)), 7 + dy * size, -0.12)

        lobes += loop(
            [
                at(-4, -19),
                at(4, -22.5),
                at(10.5, -15),
                at(9.5, 0),
                at(6, 13),
                at(1.5, 19),
                at(-5, 12),
            ]
        )
        inners += curve([at(-1, -15), at(5.5, -17.5), at(7.6, -9), at(6, 2), at(3, 8)])
        folds += shape(
            [at(-1, -6), at(3.6, -7), at(3, 3), at(0, 8)], [at(0, 8), at(-2, 0), at(-1, -6)]
        )
        rings.append(_ring(sitter, at(2.2, 17.5)))
    warm = mix(palette.skin, palette.blush, 0.22)
    return (
        fill(lobes, warm)
        + fill(folds, palette.deep, 0.34)
        + stroke(inners, palette.deep, 1.4, 0.5)
        + "".join(rings)
    )


def _ring(sitter: Sitter, lobe: tuple[float, float]) -> str:
    kind = sitter.identity.earrings
    if kind == "none":
        return ""
    x, y = lobe
    metal = "#d8b45f" if sitter.identity.undertone > 0 else "#d5d8dc"
    if kind == "stud":
        return disc((x, y - 1), 1.9, 1.9, metal) + disc(
            (x - 0.5, y - 1.6), 0.7, 0.7, "#ffffff", 0.9
        )
    if kind == "hoop":
        return stroke(loop([(x, y - 1), (x + 6, y + 5), (x, y + 12), (x - 6, y + 5)]), metal, 1.5)
    return stroke(line((x, y), (x, y + 7)), metal, 1.1) + disc((x, y + 10), 2.5, 3.6, metal)


def face(sitter: Sitter) -> str:
    """Skin of skull and face, and its side away from the light."""
    palette = sitter.palette
    edges = sitter.outline()
    wide, high = sitter.width, sitter.identity.forehead
    rows = ((-62.5, -28.0), (-57.0, -60.0 * high), (-36.0, -86.0 * high), (0.0, -96.0 * high))
    left = [sitter.rim(x * wide, y, 0.0) for x, y in rows]
    right = [sitter.rim(-x * wide, y, 0.0) for x, y in rows[2::-1]]
    ring = left + right[:-1] + edges[1] + edges[-1][-2:0:-1]
    parts = [fill(loop(ring), "url(#skin)")]
    turn = sitter.pose.sin_yaw
    outer = edges[1]
    inset = 11 - 9 * turn
    inner = [
        (x - inset * weight, y)
        for (x, y), weight in zip(outer[:6], (0.6, 0.7, 0.95, 1.2, 1.0, 0.5), strict=True)
    ]
    parts.append(fill(shape(outer[:7], inner[::-1]), palette.shade, 0.30))
    return "".join(parts)


def modelling(sitter: Sitter) -> str:
    """Cheeks, eye sockets, forehead light and chin: soft areas of light and warmth."""
    muscles, at, identity = sitter.muscles, sitter.face, sitter.identity
    parts: list[str] = []
    age = identity.age_lines
    # Dark brows must still stand out from the socket of dark skin.
    pale = 1 - 0.16 * max(0, identity.skin_tone - 6)
    for side in (-1, 1):
        raised = max(muscles.on(6, side), 0.75 * muscles.on(12, side), 0.5 * muscles.on(9, side))
        y = sitter.nose_y - 8 - 6 * raised
        warm = 0.45 + 0.4 * raised + 0.15 * identity.youth
        parts.append(disc(at(side * 35, y), 20 + 2 * raised, 14, "url(#blush)", warm))
        if side < 0:
            bone = 0.30 + 0.34 * identity.cheekbones + 0.35 * raised - 0.1 * identity.cheeks
            light = at(-35, y - 5 - raised)
            parts.append(disc(light, 14 + raised, 6.5 + 2 * raised, "url(#glow)", bone))
        hollow = 0.30 * identity.cheekbones * (1 - identity.cheeks) + 0.35 * max(0.0, age - 0.4)
        if hollow > 0.15:
            place = at(side * 42, (sitter.nose_y + sitter.mouth_y) / 2 + 4)
            parts.append(disc(place, 13, 16, "url(#socket)", hollow))
        socket = at(side * (sitter.eye_x - 2), sitter.eye_y - 4)
        depth = 0.42 + 0.45 * identity.eye_depth + 0.2 * age
        parts.append(disc(socket, 20, 13, "url(#socket)", min(1.0, depth * pale)))
    parts.append(disc(at(-9, -50 * identity.forehead), 40, 20, "url(#glow)", 0.45))
    chin = at(-1, sitter.fallen(sitter.mouth_y + 27) - 2 * muscles.mean(17))
    parts.append(disc(chin, 12, 7.5, "url(#glow)", 0.5))
    # What fades to nothing has no edge to smooth.
    return f"<g {COARSE}>{''.join(parts)}</g>{_marks(sitter)}"


def _marks(sitter: Sitter) -> str:
    """Freckles over nose and cheeks, and moles."""
    identity, at, palette = sitter.identity, sitter.face, sitter.palette
    parts: list[str] = []
    if identity.freckles:
        grain = identity.grain
        spots = ""
        for index in range(26):
            g = grain[index % 8]
            side = -1 if index % 2 else 1
            x = side * (6 + (index * 7.3 + 4 * g) % 38)
            y = sitter.nose_y - 21 + (index * 5.1 + 6 * grain[(index + 3) % 8]) % 19
            px, py = at(x, y)
            spots += line((px, py), (px, py + 0.1))
        parts.append(stroke(spots, mix(palette.deep, "#a85a30", 0.35), 1.7, 0.42))
    for across, down in identity.moles:
        x = across * 46
        # Away from the middle line, where it would read as dirt on nose or lip.
        x += 12 if x >= 0 else -12
        y = sitter.eye_y + 16 + down * (sitter.chin_y - sitter.eye_y - 30)
        narrow = 1 - 0.45 * down * down
        parts.append(disc(at(x * narrow, sitter.fallen(y)), 1.25, 1.2, palette.line, 0.75))
    return "".join(parts)
