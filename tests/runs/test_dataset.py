"""Records survive Arrow and Parquet, or are refused in words."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirrorplay.graphs.record import FaceAttemptRecord, RecordedImage, SessionRecord, Turn
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Persona, Source
from mirrorplay.policies.expression import ActionUnit, Expression, Perception
from mirrorplay.policies.instruments.score import Score
from mirrorplay.policies.reframing import Plan
from mirrorplay.policies.state import ClientState
from mirrorplay.runs.columns import columns_of
from mirrorplay.runs.dataset import (
    SCHEMA,
    SCHEMA_VERSION,
    VERSION_KEY,
    check_version,
    from_row,
    to_batch,
)

GOLDEN = Path(__file__).parent / "golden"

_units = st.floats(0, 1)
_signed = st.floats(-1, 1)
_names = st.text(max_size=8)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5) | _signed,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_names, inner, max_size=2),
    max_leaves=4,
)
_action_units = st.lists(
    st.builds(
        ActionUnit,
        au=st.sampled_from((1, 12, 43)),
        intensity=st.floats(0, 5),
        side=st.sampled_from(("both", "left", "right")),
    ),
    max_size=2,
).map(tuple)
_turns = st.builds(
    Turn,
    index=st.integers(0, 40),
    exchange=st.integers(0, 20),
    speaker=st.sampled_from(("client", "therapist")),
    text=st.text(max_size=20),
    stage_direction=st.none() | st.text(max_size=5),
    intended_act=st.none() | st.text(max_size=5),
    codes=st.lists(_names, max_size=2).map(tuple),
    state=st.none()
    | st.builds(
        ClientState,
        trust=_units,
        ambivalence=_units,
        confrontation=_units,
        withdrawal=_units,
        distress=_units,
        conviction=_units,
    ),
    expression=st.none()
    | st.builds(Expression, action_units=_action_units, gaze_x=_signed, caption=_names),
    face=st.none() | st.integers(0, 9),
    face_attempts=st.lists(
        st.builds(
            FaceAttemptRecord,
            seed=st.integers(0, 2**63 - 1),
            scores=st.dictionaries(_names, _signed, max_size=2),
            reasons=st.lists(_names, max_size=2).map(tuple),
            accepted=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    perception=st.none()
    | st.builds(Perception, action_units=_action_units, valence=_signed, caption=_names),
    plan=st.none()
    | st.builds(
        Plan,
        technique=st.just("continuum"),
        steps=st.lists(st.just("look"), max_size=2).map(tuple),
        stage=st.integers(0, 3),
    ),
    note=st.none() | st.text(max_size=5),
    model=st.none() | _names,
    prompt_tokens=st.none() | st.integers(0, 2**40),
    completion_tokens=st.none() | st.integers(0, 2**40),
    latency_ms=st.none() | st.floats(0, 1e6),
)


def _through_parquet(record: SessionRecord) -> SessionRecord:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_batches([to_batch(record)]), sink)
    [row] = pq.read_table(pa.BufferReader(sink.getvalue())).to_pylist()
    return from_row(row)


def test_a_full_record_comes_back_equal(make_record):
    assert _through_parquet(make_record()) == make_record()


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_record_comes_back_equal(data):
    record = from_row(pq.read_table(GOLDEN / "sessions-v1.parquet").to_pylist()[0])
    record = record.model_copy(
        update={
            "factors": data.draw(st.dictionaries(_names, _json, max_size=2)),
            "provenance": data.draw(st.dictionaries(_names, _json, max_size=2)),
            "seed": data.draw(st.integers(0, 2**64 - 1)),
            "turns": data.draw(st.lists(_turns, max_size=3).map(tuple)),
            "faces": data.draw(
                st.lists(
                    st.builds(
                        RecordedImage,
                        data=st.binary(max_size=9),
                        mime=st.sampled_from(("image/jpeg", "image/png", "image/webp")),
                    ),
                    max_size=3,
                ).map(tuple)
            ),
            "scores": data.draw(
                st.lists(
                    st.builds(
                        Score,
                        instrument=_names,
                        item=_names,
                        value=st.floats(allow_nan=False, allow_infinity=False),
                        rater=_names,
                        evidence=st.lists(st.integers(0, 40), max_size=2).map(tuple),
                    ),
                    max_size=2,
                ).map(tuple)
            ),
            "persona": Persona(
                **{
                    **record.persona.model_dump(),
                    "source": Source(verbatim={"form": data.draw(_json)}),
                }
            ),
        }
    )
    assert _through_parquet(record) == record


@pytest.mark.parametrize(
    "text",
    ["", "\x00\x01\x1b[31m\x7f", "👩🏽‍⚕️ ‮abc", "{0.__class__} %s <b>|`", "é" * 500_000],
    ids=["empty", "control", "emoji", "markup", "a megabyte"],
)
def test_hostile_text_survives(make_record, text):
    record = make_record()
    turn = record.turns[0].model_copy(update={"text": text, "note": text})
    record = record.model_copy(update={"turns": (turn, *record.turns[1:])})
    assert _through_parquet(record) == record


def test_a_lone_surrogate_is_refused_with_its_place(make_record):
    record = make_record("s-9")
    turn = record.turns[3].model_copy(update={"text": "so \ud800 sad"})
    record = record.model_copy(update={"turns": (*record.turns[:3], turn)})
    with pytest.raises(ValueError, match=r"'s-9': turns\[3\]\.text holds a lone surrogate"):
        to_batch(record)


@pytest.mark.parametrize("column", ["factors", "provenance"])
@pytest.mark.parametrize("value", ["\udfff", float("nan"), {1, 2}], ids=["surrogate", "nan", "set"])
def test_what_json_cannot_hold_is_refused(make_record, column, value):
    with pytest.raises(ValueError, match=f"'s-1': {column} "):
        to_batch(make_record(**{column: {"key": value}}))


def test_a_persona_with_a_surrogate_is_refused(make_record):
    persona = make_record().persona.model_copy(
        update={"source": Source(verbatim={"name": "\ud83d"})}
    )
    with pytest.raises(ValueError, match="'s-1': persona"):
        to_batch(make_record(persona=persona))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_refused(make_record, value):
    score = Score(instrument="wai", item="goal", value=value, rater="r")
    with pytest.raises(ValueError, match="score wai/goal"):
        to_batch(make_record(scores=(score,)))


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_of_more_than_64_bits_is_refused(make_record, seed):
    with pytest.raises(ValueError, match="'s-1'"):
        to_batch(make_record(seed=seed))


def test_an_image_of_an_unknown_kind_is_refused(make_record):
    faces = (RecordedImage(data=b"GIF89a", mime="image/gif"),)
    with pytest.raises(ValueError, match="face 0 is of kind 'image/gif'"):
        to_batch(make_record(faces=faces))


def test_columns_come_in_schema_order():
    assert columns_of() == SCHEMA.names
    assert columns_of(["mode", "session_id"]) == ["session_id", "mode"]
    with pytest.raises(UserError, match="no column 'moda'"):
        columns_of(["moda"])


def test_a_newer_file_asks_for_an_upgrade():
    assert check_version(SCHEMA.metadata, "x") == SCHEMA_VERSION
    newer = {VERSION_KEY: str(SCHEMA_VERSION + 1).encode()}
    with pytest.raises(UserError, match="upgrade mirrorplay"):
        check_version(newer, "part-00000.parquet")
    for metadata in (None, {}, {VERSION_KEY: b"soon"}):
        with pytest.raises(ValueError, match="not a mirrorplay file"):
            check_version(metadata, "x.parquet")


def test_the_schema_is_the_one_datasets_makes():
    datasets = pytest.importorskip("datasets")
    made = datasets.Features.from_arrow_schema(SCHEMA).arrow_schema
    assert made.equals(SCHEMA)
    key = b"huggingface"
    assert json.loads(made.metadata[key]) == json.loads(SCHEMA.metadata[key])


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("sessions-v*.parquet")), ids=lambda p: p.stem)
def test_every_older_version_can_be_read(path, make_record):
    records = [from_row(row) for row in pq.read_table(path).to_pylist()]
    assert [record.session_id for record in records] == ["golden-1", "golden-2"]
    assert records[0].turns[0].text == "I could maybe look at it."
    assert records[0].faces[0].data.startswith(b"\x89PNG")
    assert records[1].turns == ()


def test_this_version_has_a_golden_file(make_record):
    """Writes the file of a new version; an existing one is history and is never replaced."""
    path = GOLDEN / f"sessions-v{SCHEMA_VERSION}.parquet"
    if not path.exists():
        bare = make_record("golden-2", turns=(), faces=(), scores=())
        table = pa.Table.from_batches([to_batch(make_record("golden-1")), to_batch(bare)])
        pq.write_table(table, path, compression="zstd")
        pytest.fail(f"{path.name} was missing and has been written: look at it, then commit it")
    assert pq.read_schema(path).equals(SCHEMA)
