"""What an observer of the tape would write beside the words, in MIRROR's manner.

"looks at the floor, speaks quietly": what is seen and heard, never what is meant. The face comes
first when it shows something; voice and body come from act and state. Nothing here contradicts the
expression it is made from. `split_directions` is the way back: directions out of a written line,
with care never to take speech for one.
"""

import random
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mirrorplay.policies.acts import ClientAct
from mirrorplay.policies.display import SEEN
from mirrorplay.policies.facs import Expression
from mirrorplay.policies.state import ClientState

_VOICE: Mapping[str, tuple[str, ...]] = {
    "challenging": ("leans forward", "arms folded", "voice louder", "speaks fast", "sits up"),
    "discounting": ("shrugs", "waves it off with one hand", "shakes head", "a short breath out"),
    "blaming": ("voice rising", "taps the armrest", "speaks fast", "palms up"),
    "disagreeing": ("shakes head", "arms folded", "sits back", "an even voice", "a pause first"),
    "excusing": ("palms up", "speaks fast", "shifts in the chair", "shrugs"),
    "minimizing": ("waves it off", "voice light", "shrugs", "a quick answer"),
    "pessimism": ("sighs", "voice low", "shoulders drop", "speaks slowly"),
    "reluctance": ("a long pause first", "speaks quietly", "rubs one arm", "shifts in the chair"),
    "unwillingness": ("arms folded", "shakes head", "sits back", "an even voice"),
    "minimum_talk": ("voice flat", "shrugs", "barely audible", "a pause first", "does not move"),
    "limit_setting": ("holds up one hand", "voice firm", "sits back", "arms folded"),
    "inattention": ("a slow blink", "a pause too long", "fidgets with a sleeve", "foot tapping"),
    "sidetracking": ("voice brighter", "shifts in the chair", "gestures round the room"),
    "answering": ("thinks before answering", "speaks slowly", "one hand moving", "an even voice",
                  "starts twice", "shifts in the chair", "speaks quietly"),
    "disclosing": ("voice low", "a long pause first", "speaks quietly", "holds on to both elbows"),
    "change_talk": ("speaks slowly", "sits up a little", "a breath first", "voice quieter",
                    "both hands still"),
    "insight": ("goes still", "a long pause first", "breathes out", "speaks slowly"),
    "agreeing": ("nods", "nods slowly", "a small nod", "shoulders ease"),
    "asking": ("leans forward a little", "tilts forward", "voice uncertain"),
    "committing": ("nods", "breathes out", "sits up a little", "voice steadier"),
}  # fmt: skip
_CLOSED = ("arms folded", "sits back", "pulls both sleeves down", "shoulders up", "knees drawn in")
_HEATED = ("taps the armrest", "voice louder", "sits forward", "foot tapping")
_EASY = frozenset(
    (
        "shoulders ease",
        "voice brighter",
        "voice light",
        "sits up a little",
        "gestures round the room",
    )
)
"""What does not go with a face that is sad, angry or held together."""
_UNEASY = ("mouth turned down", "frowns", "lips pressed", "presses lips", "brow furrowed")
_MOST_PARTS = 3
_LEAVES = (
    "gets up, reaches for a coat",
    "stands up, bag already in hand",
    "gets up, heads for the door",
)


def stage_direction(
    expression: Expression,
    state: ClientState,
    act: ClientAct,
    rng: random.Random,
    *,
    leaving: bool = False,
) -> str:
    """A short direction without brackets, one to three parts."""
    first, second, third = rng.random(), rng.random(), rng.random()
    if leaving:
        return _one(_LEAVES, first)
    parts: list[str] = []
    face, gaze = _face(expression, first), _gaze(expression, second)
    if face:
        parts.append(face)
    if gaze and (not face or second < 0.7):
        parts.append(gaze)
    voice = _VOICE[act]
    if third < 0.35 and state.withdrawal > 0.55:
        voice = _CLOSED
    elif third < 0.35 and state.confrontation > 0.55:
        voice = _HEATED
    if face and face.startswith(_UNEASY):
        voice = tuple(one for one in voice if one not in _EASY)
    if len(parts) < 2 and voice:
        parts.append(_one(voice, (first + second + third) % 1.0))
    return ", ".join(", ".join(parts).split(", ")[:_MOST_PARTS])


def _face(expression: Expression, drawn: float) -> str | None:
    """The most telling thing about the face, or None when it is at rest."""
    units = {unit.au: unit for unit in expression.action_units if unit.intensity >= 1.0}
    seen = units.keys()
    if 12 in seen and units[12].side != "both":
        return f"a half-smile on the {units[12].side}"
    if {6, 12} <= seen:
        return _one(("smiles", "a quick smile", "a real smile"), drawn)
    if 12 in seen:
        return _one(("a small tight smile", "a thin smile", "a polite smile"), drawn)
    if {1, 4, 15} <= seen:
        return _one(("mouth turned down", "mouth turned down, brow furrowed"), drawn)
    if {4, 7, 23} <= seen or {4, 5, 7} <= seen:
        return _one(("frowns, jaw tight", "frowns, eyes narrowed"), drawn)
    if {1, 2, 5} <= seen:
        return _one(("eyes widen", "eyebrows up"), drawn)
    if 2 in seen and units[2].side != "both":
        return f"raises the {units[2].side} eyebrow"
    if 24 in seen:
        return _one(("lips pressed together", "presses lips together"), drawn)
    if {1, 2, 4} <= seen or 4 in seen:
        return _one(("frowns", "brow furrowed"), drawn)
    if 43 in seen:
        return _one(("heavy-lidded", "eyes half closed"), drawn)
    if 18 in seen:
        return "purses lips"
    return None


def _gaze(expression: Expression, drawn: float) -> str | None:
    low = expression.head_pitch <= -SEEN
    if expression.gaze_y <= -SEEN:
        if low:
            return _one(
                ("head lowered, looks at the floor", "head down, looks at both hands"), drawn
            )
        return _one(("looks at the floor", "looks down", "looks down at both hands"), drawn)
    if abs(expression.gaze_x) >= SEEN:
        side = "left" if expression.gaze_x > 0 else "right"
        if expression.gaze_y >= SEEN:
            return f"looks up and away to the {side}"
        places = (f"looks away to the {side}", f"looks at the wall on the {side}")
        return _one(places, drawn)
    if expression.gaze_y >= SEEN:
        return "looks up"
    return "head lowered" if low else None


def _one(options: Sequence[str], drawn: float) -> str:
    return options[min(int(drawn * len(options)), len(options) - 1)]


class Split(NamedTuple):
    """A written line taken apart. `direction` is None where none was written; `open_bracket` is
    what stands behind a bracket that never closes (it stays in the words)."""

    words: str
    direction: str | None
    open_bracket: str | None


_BRACKETS = re.compile(r"\[([^\[\]]{1,300})\]")
_ASIDE = re.compile(
    r"\(([^()]{1,200})\)|(?<![\w*])\*([^*]{1,200})\*(?![\w*])|(?<!\w)_([^_]{1,200})_(?!\w)"
)
_OPEN = re.compile(r"\[(?=[^\[\]]*$)")
_DONE = re.compile(
    r"(?:(?:a|the|long|short|brief|another|slight|small|quick|deep|heavy|softly|quietly|slowly|his|her"
    r"|their|eyes|voice|arms|head|hands?|shoulders|still|then|after|with) )*"
    r"(?:look|glanc|star|gaz|sigh|paus|smil|grin|laugh|chuckl|shrug|nod|shak|shift|cross|uncross|fold"
    r"|lean|sit|slump|fidget|tap|rub|wip|tear|cry|cri|sob|sniff|frown|smirk|scoff|snort|hesitat|whisper"
    r"|mutter|mumbl|silen|beat|breath|exhal|inhal|swallow|clench|roll|rais|lower|turn|avoid|avert|trail"
    r"|get|stand|leav|walk|clear|blink|squirm|wring|pick|pull|play|speak|quiet|soft|voice|arms|eyes|head"
    r"|hands|shoulders|thoughtful|after|gestur|gritt|tens|relax|hug|wav|throw|bit|press|purs|narrow|clos"
    r"|drop|grab|reach|gath|check|tight|flat|cold|sarcas|angr|irritat|defens|annoy|nervous|reluctan)"
    r"[a-z]*\b"
)
"""How a direction in round brackets or between asterisks begins."""
_SPEECH = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|you|your|we|my|me)\b")


def split_directions(text: str) -> Split:
    """Words and directions of one line, directions in their order.

    Square brackets hold directions wherever they stand. Round brackets, asterisks and underscores
    do so only when what they hold begins like one and does not speak ("(looks away)", not "(twice)"
    and not "*really*"): what is not sure stays in the words, without the emphasis marks.
    """
    found = [(one.start(), one[1]) for one in _BRACKETS.finditer(text)]
    spoken = _BRACKETS.sub(lambda one: " " * len(one[0]), text)

    def aside(one: re.Match[str]) -> str:
        held = one[1] or one[2] or one[3]
        low = held.strip().lower().replace("\u2019", "'")
        if _DONE.match(low) and not _SPEECH.search(low):
            found.append((one.start(), held))
            return " " * len(one[0])
        return one[0] if one[1] else held

    spoken = _ASIDE.sub(aside, spoken.replace("**", "").replace("__", ""))
    left = _OPEN.search(spoken)
    unclosed = spoken[left.end() :].strip() if left else None
    words = re.sub(r"\s+", " ", spoken.replace("[", " ").replace("]", " ")).strip(" *_")
    words = re.sub(r" ([,.;:!?\u2026])(?!\.)", r"\1", words)
    direction = "; ".join(
        clean for _, held in sorted(found) if (clean := " ".join(held.split()).strip(" *_.,;"))
    )
    return Split(words, direction or None, unclosed)
