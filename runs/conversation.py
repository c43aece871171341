"""One session for a reader: what was said, done and shown, turn by turn."""

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from mirrorplay.graphs.record import SessionRecord, Turn

SPEAKER_STYLE = {"client": "bold cyan", "therapist": "bold green"}


def print_session(console: Console, record: SessionRecord, *, hidden: bool = True) -> None:
    """The conversation with stage directions and faces; with `hidden` also acts and state, which
    nobody in the room could see. Texts are untrusted and printed without markup."""
    intake = record.persona.intake
    who = ", ".join(str(part) for part in (intake.name, intake.age, intake.occupation) if part)
    console.print(
        Text(who, style="bold")
        + Text(
            f"  ·  {record.resistance.type} resistance  ·  mode {record.mode}  ·  "
            f"{record.session_id}",
            style="dim",
        )
    )
    for turn in record.turns:
        _print_turn(console, turn, hidden)
    console.print(
        Text(f"outcome: {record.outcome}", style="bold")
        + Text(f"  (ended by {record.ended_by})", style="dim")
    )
    by_instrument: dict[str, list[str]] = {}
    for score in record.scores:
        by_instrument.setdefault(score.instrument, []).append(
            f"{score.item.replace('_', ' ')} {score.value:.2f}"
        )
    for instrument, items in by_instrument.items():
        console.print(f"[dim]{escape(instrument)}:[/] {escape(' · '.join(items))}")


def display(record: SessionRecord) -> float:
    """How much a face shows over a session: the mean over client turns of all units' intensities,
    and of gaze and head away from straight ahead, each counted as up to three intensities."""
    faces = [turn.expression for turn in record.turns if turn.expression is not None]
    total = sum(
        sum(unit.intensity for unit in face.action_units)
        + 3 * max(map(abs, (face.gaze_x, face.gaze_y, face.head_yaw, face.head_pitch)))
        for face in faces
    )
    return total / len(faces) if faces else 0.0


def _print_turn(console: Console, turn: Turn, hidden: bool) -> None:
    line = Text()
    line.append(f"{turn.speaker:>9} ", style=SPEAKER_STYLE[turn.speaker])
    if turn.stage_direction:
        line.append(f"[{turn.stage_direction}] ", style="italic dim")
    line.append(turn.text)
    console.print(line)
    if not hidden:
        return
    facts = []
    if turn.expression and turn.expression.caption:
        facts.append(f"face: {turn.expression.caption}")
    if turn.intended_act:
        facts.append(turn.intended_act.replace("_", " "))
    if turn.state:
        state = turn.state
        facts.append(
            f"trust {state.trust:.2f} · confrontation {state.confrontation:.2f} · "
            f"withdrawal {state.withdrawal:.2f}"
        )
    if turn.plan and turn.plan.stage < len(turn.plan.steps):
        facts.append(f"plan: {turn.plan.technique.replace('_', ' ')}, step {turn.plan.stage + 1}")
    if turn.note:
        facts.append(turn.note)
    if facts:
        console.print(Padding(Text(" | ".join(facts), style="dim"), (0, 0, 0, 10)))
