"""Stored runs of any size, and what judging them costs: `python -m tests.runs.judging.stored`.

A large run is a small one whose rows are stored again under other ids.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mirrorplay.runs.api import run
from mirrorplay.runs.dataset import SCHEMA
from mirrorplay.runs.part import part_path, write_part
from mirrorplay.runs.spool import Frame

SHARD = 128

_MEASURED = """
import json, sys, time
from pathlib import Path
from mirrorplay.runs.judging.rescore import judge_run, rater_of
from mirrorplay.runs.memory import keep_one_heap
keep_one_heap()

def peak():
    # Unlike getrusage's, not handed down from the parent process.
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return round(int(told["VmHWM"].split()[0]) / 1024)

rater = rater_of("scripted", sys.argv[2])
before = peak()
began = time.perf_counter()
done = judge_run(Path(sys.argv[1]), rater)
took = time.perf_counter() - began
print(json.dumps({"sessions": done.scored, "failed": len(done.failed), "seconds": round(took, 2),
                  "peak_mib": peak(), "imports_mib": before}))
"""


def grown(source: Path, target: Path, sessions: int) -> Path:
    """A copy of a run that holds so many sessions, in shards of 128."""
    rows = pa.concat_tables(
        pq.read_table(path, schema=SCHEMA)
        for path in sorted((source / "sessions").glob("*.parquet"))
    ).combine_chunks()
    target.mkdir(parents=True)
    for name in ("run.json", "personas.jsonl", "plan.parquet"):
        shutil.copy(source / name, target / name)
    for shard, first in enumerate(range(0, sessions, SHARD)):
        frames = []
        for at in range(first, min(first + SHARD, sessions)):
            [batch] = rows.slice(at % rows.num_rows, 1).to_batches()
            named = batch.set_column(0, SCHEMA.field(0), pa.array([f"{at:016x}"]))
            named = pa.RecordBatch.from_arrays(named.columns, schema=SCHEMA)
            frames.append(Frame(f"{at:016x}", named, 0, named.nbytes))
        write_part(part_path(target, shard), shard, frames, {})
    return target


def played(folder: Path, face: object = "none") -> Path:
    """A small run of short sessions."""
    config: dict[str, Any] = {
        "name": "small",
        "sample": {"personas": "library", "limit": 8},
        "face": face if isinstance(face, dict) else {"kind": face},
        "session": {"max_exchanges": 5},
        "executor": {"kind": "inline"},
        "output": {"dir": str(folder)},
    }
    return run(config).path


def cost(run_dir: Path, variant: str = "words") -> dict[str, Any]:
    """What judging a run takes, in a process of its own: seconds and the most memory at a time."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(run_dir), variant],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(face: str = "none", variant: str = "words") -> None:
    with tempfile.TemporaryDirectory() as folder:
        small = played(
            Path(folder, "small"), {"kind": "portrait", "size": 64} if face == "64" else "none"
        )
        peaks = []
        for sessions in (1_000, 10_000):
            found = cost(grown(small, Path(folder, str(sessions)), sessions), variant)
            peaks.append(found["peak_mib"])
            print(json.dumps(found))
        print(f"memory of 10,000 sessions over 1,000: {peaks[1] / peaks[0]:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
