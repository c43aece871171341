"""Writes the sessions that README and docs show, so that they are never older than the program.

`make showcase`: two people in good and in poor manner, side by side, into README between its
markers, and three whole sessions into docs/sessions.md.
"""

import re
import sys
import tempfile
from pathlib import Path

from mirrorplay.graphs.record import SessionRecord
from mirrorplay.runs.api import run

ROOT = Path(__file__).parents[1]
PAIRS = (("devon-baptiste", "behavioral"), ("kyung-hee-baek", "emotional"))
WHOLE = (
    ("orhan-aydin", "behavioral", "p"),
    ("dalia-saeed", "emotional", "text"),
    ("rasmus-dahl", "cognitive", "p"),
)
SEED = 7
_BLOCK = re.compile(r"<!-- sessions -->.*?(?:<!-- /sessions -->|(?=\n\n`make study))", re.S)


def played(persona: str, resistance: str, manner: str, mode: str, seed: int) -> SessionRecord:
    with tempfile.TemporaryDirectory() as folder:
        done = run(
            "inline",
            [
                f"seed={seed}",
                "sample.limit=null",
                f"sample.personas={_alone(persona, Path(folder))}",
                f"sample.resistance=[{resistance}]",
                f"therapist.manner={manner}",
                f"therapist.mode={mode}",
                "face=none",
                f"output.dir={folder}/runs",
            ],
        )
        return next(iter(done.sessions()))


def _alone(persona: str, folder: Path) -> Path:
    source = ROOT / "personas" / "library" / f"{persona}.yaml"
    (folder / "one").mkdir()
    (folder / "one" / source.name).write_text(source.read_text())
    return folder / "one"


def side_by_side(good: SessionRecord, poor: SessionRecord, resistance: str) -> str:
    name = good.persona.intake.name
    lines = [
        f"<details><summary>{name}, {resistance} resistance: good manner beside poor</summary>",
        "",
        f"| good manner: {_ending(good)} | poor manner: {_ending(poor)} |",
        "| --- | --- |",
    ]
    for place in range(max(len(good.turns), len(poor.turns))):
        cells = [
            _cell(record, place, name.split()[0]) if place < len(record.turns) else ""
            for record in (good, poor)
        ]
        lines.append(f"| {cells[0]} | {cells[1]} |")
    return "\n".join([*lines, "", "</details>"])


def _ending(record: SessionRecord) -> str:
    return record.outcome.replace("_", " ")


def _cell(record: SessionRecord, place: int, name: str) -> str:
    turn = record.turns[place]
    text = turn.text.replace("|", "\\|")
    return f"**{name}** {text}" if turn.speaker == "client" else f"*Therapist* {text}"


def whole(record: SessionRecord, resistance: str, mode: str) -> str:
    intake = record.persona.intake
    lines = [
        f"## {intake.name}, {intake.age}, {intake.occupation}",
        "",
        f"Resistance {resistance}, mode `{mode}`; {_ending(record)} after {len(record.turns) // 2} "
        "exchanges.",
        "",
    ]
    for turn in record.turns:
        who = intake.name.split()[0] if turn.speaker == "client" else "Therapist"
        seen = f" *({turn.stage_direction.strip('[]')})*" if turn.stage_direction else ""
        lines += [f"**{who}**{seen} {turn.text}", ""]
    return "\n".join(lines)


def main(seed: int) -> None:
    tables = [
        side_by_side(*(played(who, kind, manner, "p", seed) for manner in ("good", "poor")), kind)
        for who, kind in PAIRS
    ]
    readme = ROOT / "README.md"
    block = "\n\n".join(["<!-- sessions -->", *tables, "<!-- /sessions -->"])
    readme.write_text(_BLOCK.sub(lambda _: block, readme.read_text(), count=1))
    page = [
        "# Three sessions",
        "",
        "As the embedded agents played them (seed "
        f"{seed}), unedited; written by `make showcase`. Stage directions are what an observer of "
        "the room would note.",
        "",
        *(whole(played(who, kind, "good", mode, seed), kind, mode) for who, kind, mode in WHOLE),
    ]
    (ROOT / "docs" / "sessions.md").write_text("\n".join(page))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SEED)
