"""Pictures from outside, opened safely: whatever the bytes are, an RGB array or a clear UserError.

Three formats and no others (JPEG, PNG, WebP), told apart by their first bytes and opened by that
one loader, so that no vector, document or video format is ever parsed. Size is checked from the
header, before a pixel is decoded. One picture is one moment: an animation is refused rather than
cut to its first frame. Orientation tags are applied, CMYK, grey, 16-bit and wide-gamut pictures
become 8-bit sRGB, transparency becomes white, and a picture that ends early is refused. All
metadata is dropped.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyvips
from numpy.typing import NDArray

from mirrorplay.personas.errors import UserError

pyvips.concurrency_set(1)
pyvips.cache_set_max(0)  # A picture from outside is read once; kept operations would hold it.

FORMATS: Final = "JPEG, PNG or WebP"
LARGEST_BYTES: Final = 16 * 2**20
SMALLEST_SIDE, LARGEST_SIDE = 32, 8192
LARGEST_PIXELS: Final = 25_000_000
"""Decoded as RGB these are 75 MB; a progressive JPEG needs up to three times that while open."""

Pixels = NDArray[np.uint8]
"""Height × width × 3, RGB, 0–255."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The square of a portrait that is looked at, as shares of its shorter side: `span` is its
    side, `x` and `y` its middle, from the left and the top of the central square."""

    span: float
    x: float
    y: float

    def box(self, width: int, height: int) -> tuple[int, int, int]:
        """Left, top and side in pixels, moved and shrunk to lie inside the picture."""
        whole = min(width, height)
        side = max(1, min(whole, round(self.span * whole)))
        left = (width - whole) // 2 + round(self.x * whole - side / 2)
        top = (height - whole) // 2 + round(self.y * whole - side / 2)
        return max(0, min(left, width - side)), max(0, min(top, height - side)), side


FACE: Final = Frame(span=6 / 7, x=0.5, y=0.467)
"""Where our portraits have the face, with room around it; anybody else's should have it there too:
one face, near the middle, two fifths of the picture wide."""


def _loader(data: bytes) -> str:
    if data.startswith(b"\xff\xd8\xff"):
        return "jpegload_buffer"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        if b"acTL" in data[:4096]:
            raise _animated()
        return "pngload_buffer"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webpload_buffer"
    if not data:
        raise UserError("the picture is empty (0 bytes)", allowed=FORMATS)
    raise UserError(f"this is not a picture that can be read: it starts {data[:8]!r}",
                    allowed=FORMATS)  # fmt: skip


def _animated() -> UserError:
    return UserError(
        "the picture is an animation", allowed="one still picture", hint="save one of its frames"
    )


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except pyvips.Error as error:
        lines = [line.strip() for line in error.detail.splitlines() if line.strip()]
        reason = lines[-1] if lines else "no reason given"
        raise UserError(
            f"the picture is damaged or ends early ({reason})", hint="save it again"
        ) from None


def opened(data: bytes) -> pyvips.Image:
    """The picture as a lazy, upright 8-bit sRGB image without transparency. Its pixels are not
    decoded yet: an error in them comes when they are asked for.

    Raises UserError for bytes over 16 MiB, a format that is not JPEG, PNG or WebP, a damaged
    header, an animation, a side under 32 or over 8,192 pixels, and more than 25 million pixels.
    """
    if len(data) > LARGEST_BYTES:
        raise UserError(
            f"the picture has {len(data):,} bytes", allowed=f"at most {LARGEST_BYTES:,} bytes"
        )
    loader = _loader(data)
    with _reading():
        picture = getattr(pyvips.Image, loader)(data, access="sequential", fail_on="error")
        _check_size(picture)
        return _normal(picture)


def _check_size(picture: pyvips.Image) -> None:
    fields = picture.get_fields()
    if "n-pages" in fields and picture.get("n-pages") > 1:
        raise _animated()
    width, height = picture.width, picture.height
    small = min(width, height) < SMALLEST_SIDE
    if small or max(width, height) > LARGEST_SIDE or width * height > LARGEST_PIXELS:
        raise UserError(
            f"the picture is {width} × {height} pixels",
            allowed=f"sides of {SMALLEST_SIDE} to {LARGEST_SIDE:,} pixels, "
            f"at most {LARGEST_PIXELS:,} pixels in all",
            hint=None if small else "scale it down to 1024 pixels: nothing is gained from more",
        )


def _normal(picture: pyvips.Image) -> pyvips.Image:
    fields = picture.get_fields()
    if "orientation" in fields and picture.get("orientation") != 1:
        # Turning needs rows in another order than they come.
        picture = picture.copy_memory().autorot()
    if "icc-profile-data" in fields:
        # A broken profile says nothing about the pixels: read them without it.
        with suppress(pyvips.Error):
            picture = picture.icc_transform("srgb", embedded=True, depth=8)
    if picture.interpretation != "srgb":
        picture = picture.colourspace("srgb")
    if picture.hasalpha():
        picture = picture.flatten(background=[255, 255, 255])
    if picture.format != "uchar":
        picture = picture.cast("uchar")
    return picture


def _pixels(picture: pyvips.Image) -> Pixels:
    raw = picture.write_to_memory()
    pixels: Pixels = np.frombuffer(raw, np.uint8).reshape(picture.height, picture.width, 3)
    return pixels


def decode(data: bytes) -> Pixels:
    """The whole picture. Raises UserError for whatever `opened` refuses and for damaged pixels."""
    picture = opened(data)
    with _reading():
        return _pixels(picture)


def framed(data: bytes, side: int, frame: Frame = FACE) -> Pixels:
    """The face's part of a portrait as a square of `side` pixels: what the perceiver looks at.
    Raises what `decode` raises."""
    picture = opened(data)
    with _reading():
        # All of it, so that damage below the frame is found too.
        whole = _pixels(picture)
        left, top, span = frame.box(picture.width, picture.height)
        part = np.ascontiguousarray(whole[top : top + span, left : left + span])
        if span == side:
            return part
        square = pyvips.Image.new_from_memory(part.data, span, span, 3, "uchar")
        square = square.copy(interpretation="srgb")
        return _pixels(square.thumbnail_image(side, height=side, size="force"))
