"""One page to rate on: no network, no other file, nothing that a transcript says is markup.

The template is data (`templates/page.html.jinja`), with a style sheet and a script beside it.
Transcripts travel as JSON in a data block and are shown through `textContent`; in the JSON every
character that could end the block is escaped. A content security policy allows this style sheet
and this script by their hashes, images from the page itself, and nothing else.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from mirrorplay.runs.ratings.sheet import (
    CHOICES,
    PREFERENCE_QUESTION,
    Line,
    Question,
    Sheet,
    columns_of,
)

_ESCAPED = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def page_of(export: str, sheets: Sequence[Sheet], questions: Sequence[Question]) -> str:
    """The page of an export, whole."""
    # A tenth of a second to import, for those who export.
    from jinja2 import Environment, StrictUndefined, select_autoescape
    from markupsafe import Markup

    environment = Environment(
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
    )
    style, script = _text("page.css"), _text("page.js")
    return environment.from_string(_text("page.html.jinja")).render(
        policy=(
            f"default-src 'none'; img-src data:; style-src {_hash(style)}; "
            f"script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
        ),
        style=Markup(style),  # noqa: S704  # our own file
        script=Markup(script),  # noqa: S704  # our own file
        data=Markup(script_json(_document(export, sheets, questions))),  # noqa: S704  # escaped
        sheets=len(sheets),
        faces=any(line.face for sheet in sheets for line in (*sheet.a, *sheet.b)),
    )


def script_json(value: object) -> str:
    """JSON that can stand in a `<script>` element: no `<`, `>` or `&` in it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED)


def _document(
    export: str, sheets: Sequence[Sheet], questions: Sequence[Question]
) -> dict[str, Any]:
    faces: dict[bytes, int] = {}

    def told(lines: Sequence[Line]) -> list[list[Any]]:
        return [
            [
                line.speaker[0],
                line.text,
                None if line.face is None else faces.setdefault(line.face, len(faces)),
            ]
            for line in lines
        ]

    shown = [{"id": sheet.id, "a": told(sheet.a), "b": told(sheet.b)} for sheet in sheets]
    return {
        "export": export,
        "columns": columns_of(questions),
        "questions": [
            {"name": f"{q.instrument}.{q.item}", "low": q.low, "high": q.high, "text": q.text}
            for q in questions
        ],
        "preference": {"text": PREFERENCE_QUESTION, "choices": CHOICES},
        "sheets": shown,
        "faces": [b64encode(face).decode() for face in faces],
    }


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@lru_cache
def _text(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")
