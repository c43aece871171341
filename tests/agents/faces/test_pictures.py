"""Pictures from outside: what is read, and what is refused with a clear error."""

import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import pyvips

from mirrorplay.agents.faces.pictures import FACE, LARGEST_BYTES, Frame, decode, framed
from mirrorplay.personas.errors import UserError


def picture(width: int = 96, height: int = 64, bands: int = 3) -> pyvips.Image:
    """A ramp to the right, brighter downwards."""
    across = pyvips.Image.xyz(width, height)
    made = (across[0] * (200 / width)).bandjoin(
        [across[1] * (200 / height)] + [across[0] * 0 + 60] * (bands - 2)
    )
    kind = {3: "srgb", 4: "srgb"}[bands]
    return made.cast("uchar").copy(interpretation=kind)


def png_header(width: int, height: int, *chunks: bytes) -> bytes:
    """A PNG that claims a size and holds no pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(
            ">I", zlib.crc32(kind + body)
        )  # fmt: skip

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rest = b"".join(chunks) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + rest


def near(pixels: np.ndarray, row: int, column: int, colour: tuple[int, ...], by: int = 6) -> bool:
    return bool(np.all(np.abs(pixels[row, column].astype(int) - colour) <= by))


@pytest.mark.parametrize("suffix", [".jpg[Q=98]", ".png", ".webp[lossless]"])
def test_the_three_formats_are_read(suffix: str) -> None:
    pixels = decode(picture().write_to_buffer(suffix))
    assert pixels.shape == (64, 96, 3)
    assert pixels.dtype == np.uint8
    assert near(pixels, 32, 48, (100, 100, 60))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"hello, I am a picture", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='99999' height='99999'/>", "not a pic"),
        (b"%PDF-1.7\n", "not a picture"),
        (b"GIF89a" + bytes(60), "not a picture"),
        (b"II*\0" + bytes(60), "not a picture"),
        (b"P6 40 40 255\n" + bytes(4800), "not a picture"),
        (b"\xff\xd8\xff" + bytes(100), "damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "damaged"),
        (b"RIFF\x20\0\0\0WEBPVP8 " + bytes(100), "damaged"),
        (bytes(LARGEST_BYTES + 1), "bytes"),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(UserError, match=says):
        decode(data)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_picture_is_refused(suffix: str, share: float) -> None:
    noise = pyvips.Image.gaussnoise(96, 96, seed=1).cast("uchar")
    data = noise.bandjoin([noise, noise]).copy(interpretation="srgb").write_to_buffer(suffix)
    for read in (decode, lambda data: framed(data, 48)):
        with pytest.raises(UserError, match="damaged or ends early"):
            read(data[: int(len(data) * share)])


def test_flipped_bytes_give_pixels_or_a_user_error() -> None:
    data = bytearray(picture().write_to_buffer(".png"))
    whole = decode(bytes(data)).shape
    for place in range(8, len(data), 7):
        spoilt = bytearray(data)
        spoilt[place] ^= 0xFF
        try:
            assert decode(bytes(spoilt)).shape == whole
        except UserError:
            continue


@pytest.mark.parametrize("size", [(1, 1), (31, 400), (400, 31)])
def test_a_tiny_picture_is_refused(size: tuple[int, int]) -> None:
    data = pyvips.Image.black(*size, bands=3).write_to_buffer(".png")
    with pytest.raises(UserError, match=f"{size[0]} × {size[1]} pixels"):
        decode(data)


@pytest.mark.parametrize("size", [(10_000, 10_000), (30_000, 40), (6_000, 6_000)])
def test_a_huge_picture_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(UserError, match="pixels") as refused:
        decode(png_header(*size))
    assert refused.value.allowed is not None


def test_a_hundred_megapixels_do_not_cost_memory() -> None:
    code = (
        "import resource, sys, pyvips\n"
        "from mirrorplay.agents.faces.pictures import decode\n"
        "from mirrorplay.personas.errors import UserError\n"
        "data = sys.stdin.buffer.read()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    decode(data)\nexcept UserError:\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    data = pyvips.Image.black(10_000, 10_000, bands=3).write_to_buffer(".jpg[Q=30]")
    asked = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, check=True
    )  # fmt: skip
    assert int(asked.stdout) < 16_000  # KiB; the pixels would be 300,000.


@pytest.mark.parametrize("suffix", [".webp", ".png"])
def test_an_animation_is_refused(suffix: str) -> None:
    if suffix == ".png":
        control = struct.pack(">II", 2, 0)
        chunk = struct.pack(">I", 8) + b"acTL" + control
        data = png_header(64, 64, chunk + struct.pack(">I", zlib.crc32(b"acTL" + control)))
    else:
        frames = picture(64, 64).join(picture(64, 64).invert(), "vertical").copy()
        frames.set_type(pyvips.GValue.gint_type, "page-height", 64)
        data = frames.write_to_buffer(suffix)
    with pytest.raises(UserError, match="animation"):
        decode(data)


def test_cmyk_becomes_rgb() -> None:
    inks = pyvips.Image.black(64, 64, bands=4).copy(interpretation="cmyk")
    pixels = decode(inks.linear(1, [255, 0, 0, 0]).cast("uchar").jpegsave_buffer())
    assert pixels.shape == (64, 64, 3)
    red, green, blue = pixels[32, 32].astype(int)
    assert red < 80
    assert green > 120
    assert blue > 160


def test_sixteen_bits_become_eight() -> None:
    deep = (picture().cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")
    assert near(decode(deep.write_to_buffer(".png")), 32, 48, (100, 100, 60))


def test_grey_becomes_three_equal_channels() -> None:
    pixels = decode(picture()[0].copy(interpretation="b-w").write_to_buffer(".png"))
    assert pixels.shape == (64, 96, 3)
    assert near(pixels, 32, 48, (100, 100, 100))


def test_transparency_becomes_white() -> None:
    clear = picture().bandjoin(0)
    assert near(decode(clear.write_to_buffer(".png")), 32, 48, (255, 255, 255))


def test_a_palette_is_looked_up() -> None:
    assert near(decode(picture().pngsave_buffer(palette=True)), 32, 48, (100, 100, 60), by=12)


def test_an_orientation_tag_is_applied() -> None:
    tagged = picture().copy()
    tagged.set_type(pyvips.GValue.gint_type, "orientation", 6)  # The top is at the right.
    pixels = decode(tagged.write_to_buffer(".jpg[Q=98]"))
    assert pixels.shape == (96, 64, 3)
    assert near(pixels, 95, 2, (197, 195, 60), by=10)
    assert near(pixels, 0, 61, (2, 6, 60), by=10)


def test_a_broken_colour_profile_is_passed_over() -> None:
    tagged = picture().copy()
    tagged.set_type(pyvips.GValue.blob_type, "icc-profile-data", b"not a profile")
    assert decode(tagged.write_to_buffer(".jpg")).shape == (64, 96, 3)


def test_the_frame_is_the_middle_of_the_central_square() -> None:
    data = picture(672, 336).write_to_buffer(".png")
    pixels = framed(data, 112)
    assert pixels.shape == (112, 112, 3)
    assert near(pixels, 56, 56, (100, 93, 60))
    assert near(pixels, 0, 0, (57, 8, 60))


@pytest.mark.parametrize("size", [32, 100, 336, 900])
def test_any_size_is_framed_alike(size: int) -> None:
    pixels = framed(picture(size, size).write_to_buffer(".png"), 112)
    assert near(pixels, 56, 56, (100, 93, 60), by=8)


def test_a_frame_larger_than_the_picture_is_the_picture() -> None:
    pixels = framed(picture(64, 64).write_to_buffer(".png"), 32, Frame(1.4, FACE.x, FACE.y))
    assert near(pixels, 31, 31, (197, 197, 60), by=8)
