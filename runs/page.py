"""Figures of a command inside a page of the docs, between two marks, so that prose around them
stays and the figures are always what the command found."""

from pathlib import Path

from mirrorplay.personas.errors import UserError

MARK = "<!-- figures -->"


def marked(page: Path) -> list[str]:
    """What stands before, between and after the two marks of a page. Raises UserError for a page
    that cannot be read or lacks them: ask before the work, not after it."""
    try:
        parts = page.read_text(encoding="utf-8").split(MARK)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the page cannot be read ({error})", where=str(page)) from None
    if len(parts) != 3:
        raise UserError(
            f"the page has {len(parts) - 1} marks",
            where=str(page),
            allowed=f"two lines {MARK!r}, around the place for the figures",
        )
    return parts


def quote(text: str, page: Path) -> None:
    """Puts a text between the two marks, as a block of fixed-width letters. Raises what `marked`
    raises."""
    parts = marked(page)
    parts[1] = f"\n```\n{text.strip()}\n```\n"
    page.write_text(MARK.join(parts), encoding="utf-8")
