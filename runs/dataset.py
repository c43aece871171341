"""One session, one row: the Arrow schema of the data set and the way in and out of it.

The schema is written down here and never inferred, so that every part of every run has the same
one. It is an ordinary Hugging Face data set: `faces` is a `List(Image())`, the types stand in the
metadata key `huggingface`, and `mirrorplay.schema_version` says which schema a file has. What has
no fixed shape (persona, factors, provenance) is a JSON string. Times are milliseconds.

Text that UTF-8 cannot carry (a lone surrogate), a number JSON cannot carry (NaN) and an image of
an unknown kind are refused here with a `ValueError`: that session fails, its shard does not.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from mirrorplay.graphs.record import FaceAttemptRecord, RecordedImage, SessionRecord, Turn
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.expression import ActionUnit

SCHEMA_VERSION = 2
VERSION_KEY = b"mirrorplay.schema_version"

_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
_MIMES = {suffix: mime for mime, suffix in _SUFFIXES.items()}
_JSON_COLUMNS = ("factors", "persona", "provenance")


def _struct(*fields: tuple[str, pa.DataType]) -> pa.DataType:
    return pa.struct([pa.field(name, kind) for name, kind in fields])


_TEXT, _INT, _LONG, _REAL = pa.string(), pa.int32(), pa.int64(), pa.float64()
_IMAGE = _struct(("bytes", pa.binary()), ("path", _TEXT))
_ACTION_UNITS = pa.list_(_struct(("au", _INT), ("intensity", _REAL), ("side", _TEXT)))
_POSE = ("gaze_x", "gaze_y", "head_yaw", "head_pitch", "head_roll")
_STATE = ("trust", "ambivalence", "confrontation", "withdrawal", "distress", "conviction")

_TURN = _struct(
    ("index", _INT),
    ("exchange", _INT),
    ("speaker", _TEXT),
    ("text", _TEXT),
    ("stage_direction", _TEXT),
    ("intended_act", _TEXT),
    ("codes", pa.list_(_TEXT)),
    ("state", _struct(*((name, _REAL) for name in _STATE))),
    (
        "expression",
        _struct(
            ("action_units", _ACTION_UNITS),
            *((name, _REAL) for name in _POSE),
            ("caption", _TEXT),
            ("contrast", _TEXT),
        ),
    ),
    ("face", _INT),
    (
        "face_attempts",
        pa.list_(
            _struct(
                ("seed", _LONG),
                ("scores", pa.list_(_struct(("name", _TEXT), ("value", _REAL)))),
                ("reasons", pa.list_(_TEXT)),
                ("accepted", pa.bool_()),
            )
        ),
    ),
    (
        "perception",
        _struct(
            ("action_units", _ACTION_UNITS),
            *((name, _REAL) for name in _POSE),
            ("valence", _REAL),
            ("arousal", _REAL),
            ("caption", _TEXT),
        ),
    ),
    ("plan", _struct(("technique", _TEXT), ("steps", pa.list_(_TEXT)), ("stage", _INT))),
    ("note", _TEXT),
    ("agreement", pa.bool_()),
    ("tries", _INT),
    ("model", _TEXT),
    ("prompt_tokens", _LONG),
    ("completion_tokens", _LONG),
    ("latency_ms", _REAL),
)

_FIELDS: tuple[tuple[str, pa.DataType], ...] = (
    ("session_id", _TEXT),
    ("run", _TEXT),
    ("cell", _TEXT),
    ("factors", _TEXT),
    ("replicate", _INT),
    ("seed", pa.uint64()),
    ("attempt", _INT),
    ("persona_id", _TEXT),
    ("persona", _TEXT),
    (
        "resistance",
        _struct(
            ("type", _TEXT),
            ("intensity", _REAL),
            ("reactivity", _REAL),
            ("masking", _REAL),
            ("dynamics", _TEXT),
        ),
    ),
    ("therapist", _TEXT),
    ("mode", _TEXT),
    ("turns", pa.list_(_TURN)),
    ("faces", pa.list_(_IMAGE)),
    ("outcome", _TEXT),
    ("ended_by", _TEXT),
    (
        "scores",
        pa.list_(
            _struct(
                ("instrument", _TEXT),
                ("item", _TEXT),
                ("value", _REAL),
                ("rater", _TEXT),
                ("evidence", pa.list_(_INT)),
            )
        ),
    ),
    (
        "usage",
        _struct(("calls", _LONG), ("prompt_tokens", _LONG), ("completion_tokens", _LONG)),
    ),
    ("provenance", _TEXT),
)


def _feature(kind: pa.DataType) -> dict[str, Any]:
    """The `datasets` feature of an Arrow type, as its JSON."""
    if kind == _IMAGE:
        return {"_type": "Image"}
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    return {"dtype": "float64" if kind == _REAL else str(kind), "_type": "Value"}


def _schema() -> pa.Schema:
    features = {name: _feature(kind) for name, kind in _FIELDS}
    metadata = {
        VERSION_KEY: str(SCHEMA_VERSION).encode(),
        b"huggingface": json.dumps({"info": {"features": features}}).encode(),
    }
    return pa.schema([pa.field(name, kind) for name, kind in _FIELDS], metadata=metadata)


SCHEMA: pa.Schema = _schema()
"""The row of this version (2: how a client's words came across), with the types of `datasets`."""


def check_version(metadata: Mapping[bytes, bytes] | None, where: str) -> int:
    """The schema version a file declares; `UserError` when it is newer than this program's.

    Raises ValueError when the file declares none.
    """
    declared = (metadata or {}).get(VERSION_KEY)
    if declared is None or not declared.isdigit():
        raise ValueError(
            f"{where}: not a mirrorplay file: no {VERSION_KEY.decode()} in its metadata"
        )
    version = int(declared)
    if version > SCHEMA_VERSION:
        raise UserError(
            f"was written with schema version {version}",
            where=where,
            allowed=f"versions 1 to {SCHEMA_VERSION}",
            hint="upgrade mirrorplay to read it: pip install --upgrade mirrorplay",
        )
    return version


def to_batch(record: SessionRecord) -> pa.RecordBatch:
    """A record as a batch of one row.

    Raises ValueError, naming the session and the place, for what cannot be stored.
    """
    row = _row(record)
    try:
        return pa.RecordBatch.from_pylist([row], schema=SCHEMA)
    except UnicodeEncodeError as error:
        place = next(_unencodable(row, ""), "a text")
        raise ValueError(
            f"session {record.session_id!r}: {place} holds a lone surrogate, "
            "which no UTF-8 file can carry"
        ) from error
    except (pa.ArrowInvalid, OverflowError) as error:
        raise ValueError(f"session {record.session_id!r}: cannot be stored: {error}") from error


def from_row(row: Mapping[str, Any]) -> SessionRecord:
    """The record of a row as `pyarrow`'s `to_pylist` gives it; every column must be there."""
    fields = dict(row)
    for name in _JSON_COLUMNS:
        fields[name] = json.loads(fields[name])
    fields["faces"] = [
        RecordedImage(data=face["bytes"], mime=_mime(face["path"])) for face in row["faces"]
    ]
    fields["turns"] = [_turn_fields(turn) for turn in row["turns"]]
    return SessionRecord.model_validate(fields)


def _row(record: SessionRecord) -> dict[str, Any]:
    session = record.session_id
    resistance, usage = record.resistance, record.usage
    return {
        "session_id": session,
        "run": record.run,
        "cell": record.cell,
        "factors": _json(record.factors, session, "factors", sort_keys=True),
        "replicate": record.replicate,
        "seed": record.seed,
        "attempt": record.attempt,
        "persona_id": record.persona_id,
        "persona": _json(record.persona.model_dump(mode="json"), session, "persona"),
        "resistance": {
            "type": resistance.type,
            "intensity": resistance.intensity,
            "reactivity": resistance.reactivity,
            "masking": resistance.masking,
            "dynamics": resistance.dynamics,
        },
        "therapist": record.therapist,
        "mode": record.mode,
        "turns": [_turn(turn, session) for turn in record.turns],
        "faces": [_face(face, index, session) for index, face in enumerate(record.faces)],
        "outcome": record.outcome,
        "ended_by": record.ended_by,
        "scores": [
            {
                "instrument": score.instrument,
                "item": score.item,
                "value": _finite(score.value, session, f"score {score.instrument}/{score.item}"),
                "rater": score.rater,
                "evidence": score.evidence,
            }
            for score in record.scores
        ],
        "usage": {
            "calls": usage.calls,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
        },
        "provenance": _json(record.provenance, session, "provenance", sort_keys=True),
    }


def _turn(turn: Turn, session: str) -> dict[str, Any]:
    state, expression, perception, plan = turn.state, turn.expression, turn.perception, turn.plan
    return {
        "index": turn.index,
        "exchange": turn.exchange,
        "speaker": turn.speaker,
        "text": turn.text,
        "stage_direction": turn.stage_direction,
        "intended_act": turn.intended_act,
        "codes": turn.codes,
        "state": None if state is None else {name: getattr(state, name) for name in _STATE},
        "expression": None
        if expression is None
        else {
            "action_units": _units(expression.action_units),
            **{name: getattr(expression, name) for name in _POSE},
            "caption": expression.caption,
            "contrast": expression.contrast,
        },
        "face": turn.face,
        "face_attempts": [_attempt(attempt, session) for attempt in turn.face_attempts],
        "perception": None
        if perception is None
        else {
            "action_units": _units(perception.action_units),
            **{name: getattr(perception, name) for name in _POSE},
            "valence": perception.valence,
            "arousal": perception.arousal,
            "caption": perception.caption,
        },
        "plan": None
        if plan is None
        else {"technique": plan.technique, "steps": plan.steps, "stage": plan.stage},
        "note": turn.note,
        "agreement": turn.agreement,
        "tries": turn.tries,
        "model": turn.model,
        "prompt_tokens": turn.prompt_tokens,
        "completion_tokens": turn.completion_tokens,
        "latency_ms": turn.latency_ms,
    }


def _turn_fields(turn: Mapping[str, Any]) -> dict[str, Any]:
    """A stored turn as the fields of a `Turn`: scores of a face attempt are a mapping again."""
    attempts = [
        {**attempt, "scores": {score["name"]: score["value"] for score in attempt["scores"]}}
        for attempt in turn["face_attempts"]
    ]
    return {**turn, "face_attempts": attempts}


def _units(units: Sequence[ActionUnit]) -> list[dict[str, Any]]:
    return [{"au": unit.au, "intensity": unit.intensity, "side": unit.side} for unit in units]


def _attempt(attempt: FaceAttemptRecord, session: str) -> dict[str, Any]:
    return {
        "seed": attempt.seed,
        "scores": [
            {"name": name, "value": _finite(value, session, f"face score {name}")}
            for name, value in sorted(attempt.scores.items())
        ],
        "reasons": attempt.reasons,
        "accepted": attempt.accepted,
    }


def _face(face: RecordedImage, index: int, session: str) -> dict[str, Any]:
    suffix = _SUFFIXES.get(face.mime)
    if suffix is None:
        raise ValueError(
            f"session {session!r}: face {index} is of kind {face.mime!r}, "
            f"not one of {', '.join(_SUFFIXES)}"
        )
    return {"bytes": face.data, "path": f"face-{index:03d}{suffix}"}


def _mime(path: str) -> str:
    suffix = path[path.rfind(".") :]
    if suffix not in _MIMES:
        raise ValueError(f"face {path!r} ends in none of {', '.join(_MIMES)}")
    return _MIMES[suffix]


def _json(value: object, session: str, column: str, *, sort_keys: bool = False) -> str:
    """Compact JSON in real characters, so that a text search of the file finds them."""
    try:
        return json.dumps(
            value,
            ensure_ascii=False,
            allow_nan=False,
            sort_keys=sort_keys,
            separators=(",", ":"),
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"session {session!r}: {column} is not JSON: {error}") from error


def _finite(value: float, session: str, what: str) -> float:
    if not math.isfinite(value):
        raise ValueError(f"session {session!r}: {what} is {value!r}; leave a missing value out")
    return value


def _unencodable(value: object, place: str) -> Iterator[str]:
    """Where a text stands that cannot be encoded, such as `turns[3].text`."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            yield place
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _unencodable(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _unencodable(inner, f"{place}[{index}]")
