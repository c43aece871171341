"""What a run came to, in one number: equal digests mean equal sessions.

Two levels, so that memory stays small at any size. A row is the sha256 of its canonical JSON
(sorted keys, no spaces, ASCII, floats as `repr` writes them) without `attempt`, `latency_ms` and
`provenance`, which tell how a session was computed and not what came out; a face is in it as the
sha256 of its bytes, and JSON columns as their texts. The digest is the sha256 over
`<session_id> <row sha256>\\n` in the order of session ids, so that shards, parts and the order of
execution leave no trace.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from mirrorplay.runs.columns import columns_of
from mirrorplay.runs.store import iter_rows

LEFT_OUT = frozenset({"attempt", "provenance"})
"""Columns that are not in the digest; `latency_ms` of every turn is not either."""


def digest(run_dir: Path) -> str:
    """The hex sha256 over all committed sessions of a run.

    Raises RuntimeError when a session has two rows, which no commit makes.
    """
    columns = [name for name in columns_of() if name not in LEFT_OUT]
    rows: dict[str, str] = {}
    for row in iter_rows(run_dir, columns):
        session_id = row["session_id"]
        if session_id in rows:
            raise RuntimeError(f"{run_dir}: session {session_id!r} has two committed rows")
        rows[session_id] = row_digest(row)
    total = sha256()
    for session_id in sorted(rows):
        total.update(f"{session_id} {rows[session_id]}\n".encode())
    return total.hexdigest()


def row_digest(row: dict[str, Any]) -> str:
    """The hex sha256 of one row as `iter_rows` gives it."""
    canonical = {name: value for name, value in row.items() if name not in LEFT_OUT}
    canonical["faces"] = [sha256(face["bytes"]).hexdigest() for face in row["faces"]]
    canonical["turns"] = [
        {name: value for name, value in turn.items() if name != "latency_ms"}
        for turn in row["turns"]
    ]
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode("ascii")).hexdigest()
