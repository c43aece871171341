"""The document as a page that needs nothing else, and as Markdown with its figures beside it.

The page carries its style and figures in itself, runs no script and asks nobody for anything: its
policy allows its own style by hash, images in data URIs, and nothing more. Names and texts of a run
come from anywhere; the page escapes them by jinja2, the Markdown by `plain`.
"""

import base64
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.reporting.document import Report

Format = Literal["html", "md"]
TEMPLATES = Path(__file__).parent / "templates"
_SPECIAL = re.compile(r"([\\`*_\[\]|#~])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def page(report: Report) -> str:
    """The report as one HTML file."""
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    environment = _environment()
    environment.filters["breakable"] = _breakable
    environment.filters["data_uri"] = _data_uri
    environment.filters["pixels"] = pixels
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    return environment.get_template("report.html").render(
        report=report, style=style, style_hash=digest
    )


def markdown(report: Report, figures: str) -> str:
    """The report as Markdown; `figures` is the folder of its figures as a link has it."""
    environment = _environment()
    environment.filters["plain"] = plain
    text = environment.get_template("report.md").render(report=report, folder=figures)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def plain(text: object) -> str:
    """Text that Markdown and the HTML within it take for nothing but text, on one line."""
    line = " ".join(str(text).split())
    line = "".join(_ENTITIES.get(letter, letter) for letter in line)
    return _SPECIAL.sub(r"\\\1", line)


def write_report(
    report: Report, run_dir: Path, out: Path | None, form: Literal["html", "md", "both"] | None
) -> list[Path]:
    """Write the report and tell which files. `out`: a file that ends in .html or .md, or a folder
    (None: the run's own), which gets `report.html` and `report.md`. Raises UserError where nothing
    can be written, and for a file whose ending is of another format."""
    written = []
    try:
        for kind, path in targets(run_dir, out, form).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "html":
                _put(path, page(report).encode())
            else:
                folder = path.with_name(f"{path.stem}-figures")
                folder.mkdir(exist_ok=True)
                for figure in report.figures:
                    _put(folder / f"{figure.name}.png", figure.png)
                _put(path, markdown(report, _link(folder.name)).encode())
            written.append(path)
    except OSError as error:
        raise UserError(
            f"cannot write the report: {error.strerror or error}",
            where=str(error.filename or out or run_dir),
            hint="choose another place: --out PATH",
        ) from None
    return written


def targets(
    run_dir: Path, out: Path | None, form: Literal["html", "md", "both"] | None
) -> dict[Format, Path]:
    """Which file each format goes into. Raises UserError for a name of another format."""
    ending = out.suffix.lower() if out is not None and not out.is_dir() else ""
    if out is None or ending not in {".html", ".htm", ".md"}:
        folder = out or run_dir
        kinds: tuple[Format, ...] = ("html", "md") if form is None or form == "both" else (form,)
        return {kind: folder / f"report.{kind}" for kind in kinds}
    own: Format = "md" if ending == ".md" else "html"
    if form == "both":
        other: Format = "html" if own == "md" else "md"
        return {own: out, other: out.with_suffix(f".{other}")}
    if form not in (None, own):
        raise UserError(f"{out.name!r} is no name for {form}", where="--out",
                        hint=f"--out {out.with_suffix(f'.{form}')}")  # fmt: skip
    return {own: out}


def _put(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _breakable(text: str) -> Markup:
    """Escaped, with leave to break a cell's long name after a comma or an equals sign."""
    return Markup("<wbr>").join(escape(piece) for piece in re.split(r"(?<=[,=_])", text))


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def pixels(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def _link(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", lambda found: f"%{ord(found[0]):02X}", name)
