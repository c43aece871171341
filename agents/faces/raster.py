"""From SVG to an encoded image, with the same bytes every time.

libvips is held to one thread and carries no metadata over, so that the bytes depend on the drawing
and the installed libvips alone.
"""

import pyvips

from mirrorplay.agents.roles import Image

pyvips.concurrency_set(1)
pyvips.cache_set_max(0)  # No drawing comes twice; the operation cache would only hold memory.

JPEG_QUALITY = 92


def render(svg: str) -> pyvips.Image:
    """The drawing as an RGB image of the size the SVG states."""
    # Read from top to bottom, the drawing is made in one pass; at random, in several. A portrait
    # covers its whole picture, so its alpha says nothing.
    drawing = pyvips.Image.svgload_buffer(svg.encode(), access="sequential")
    return drawing.extract_band(0, n=3)


def jpeg(svg: str) -> Image:
    """The drawing as a JPEG of quality 92 with halved chroma and without metadata."""
    drawing = render(svg)
    data = drawing.jpegsave_buffer(Q=JPEG_QUALITY, subsample_mode="on", keep="none")
    return Image(data=data, mime="image/jpeg", width=drawing.width, height=drawing.height)
