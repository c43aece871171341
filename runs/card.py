"""The data set card: the README.md of a run directory, as the hub reads it.

The front matter makes the run directory a data set that can be uploaded as it is; the text says
what the sessions are, what they are not, and what each column holds.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from mirrorplay.runs.dataset import SCHEMA, SCHEMA_VERSION

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)
_ROLES = ("client", "face", "therapist", "supervisor", "judge")
_OWN_KINDS = frozenset({"scripted", "portrait", "embedded", "none"})
"""Kinds whose words and pictures come from this program alone."""

SCREEN_FOUND: Mapping[str, tuple[int, int]] = {
    "all": (101, 192),
    "direct": (34, 48),
    "idiomatic": (24, 48),
    "negated": (26, 48),
    "indirect": (17, 48),
    "plain": (41, 72),
    "clipped": (9, 13),
    "formal": (4, 19),
    "second language": (8, 15),
    "teenage": (11, 30),
    "slang": (13, 19),
    "older": (15, 24),
}
"""Risk sentences found and tried, by form and by way of speaking: the held-out half of our own test
sentences (`make screening`; `docs/design/006-safety.md`)."""
SCREEN_FALSE_ALARMS = (32, 192)
"""Near misses wrongly raised, and tried."""
SCREEN_FOUND_OTHERS = (114, 283)
"""Risk sentences of other writers found, and tried: those that nobody read while writing rules."""
SCREEN_HARMS_FOUND = (16, 42)
"""Harmful therapist sentences found, and tried."""

COLUMNS: Mapping[str, str] = {
    "session_id": "Name of the session, unique in the run",
    "run": "Name of the run",
    "cell": "Name of the ablation cell",
    "factors": "JSON: what the cell sets",
    "replicate": "Repetition of the same client, from 0",
    "seed": "Where all random draws of the session come from",
    "attempt": "Number of the spool the row came from, from 0; counting restarts after a commit",
    "persona_id": "Name of the client's persona",
    "persona": "JSON: the whole persona (hidden from the therapist but for the intake card)",
    "resistance": "Type, intensity, reactivity, masking and dynamics the client was run with "
    "(hidden)",
    "therapist": "Which therapist spoke",
    "mode": "The therapist's arm: text, base, p, ec, p+ec",
    "turns": "One entry an utterance: words, stage direction, codes, expression, plan, usage; "
    "`state`, `intended_act` and `expression` are the simulator's hidden truth; `face` is an index "
    "into `faces`",
    "faces": "The client's images, in order",
    "outcome": "resolved, impasse, client_left, max_exchanges, safety_stop",
    "ended_by": "client, supervisor or limit",
    "scores": "Instrument, item, value, rater, turns it rests on; a missing score is absent",
    "usage": "Model calls and tokens; zero where no model was called",
    "provenance": "JSON: `graph`, the kind of graph that was run; for a checkpointed session also "
    "`checkpoint` and `thread`, for a forked one also `parent`. Versions are in `run.json`",
}
"""What each column holds."""


def dataset_card(config: Mapping[str, Any], n_sessions: int, *, n_failed: int = 0) -> str:
    """The card of a run.

    config: the resolved configuration as plain data (`name` and the roles are read).
    n_sessions, n_failed: sessions with a row, and those that never got one.
    """
    front = yaml.safe_dump(_front_matter(config, n_sessions), sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n\n{_body(config, n_sessions, n_failed)}"


def _front_matter(config: Mapping[str, Any], n_sessions: int) -> dict[str, Any]:
    category = next((name for limit, name in _SIZES if n_sessions < limit), "100M<n<1B")
    front: dict[str, Any] = {
        "pretty_name": f"{_title(config)} (simulated counselling sessions)",
        "language": ["en"],
        "license": "mit",
        "task_categories": ["text-generation", "image-text-to-text"],
        "size_categories": [category],
        "tags": [
            "synthetic",
            "simulation",
            "self-play",
            "counselling",
            "dialogue",
            "multimodal",
            "mirrorplay",
        ],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": "sessions/*.parquet"}],
            }
        ],
    }
    if not _is_own(config):
        front["license"] = "other"
        front["license_name"] = "terms-of-the-models-and-personas-used"
    return front


def _is_own(config: Mapping[str, Any]) -> bool:
    """Whether every text and picture was made by this program from its own library."""
    sample = config.get("sample")
    personas = sample.get("personas") if isinstance(sample, Mapping) else None
    return personas == "library" and all(_kind(config, role) in _OWN_KINDS for role in _ROLES)


def _kind(config: Mapping[str, Any], role: str) -> str:
    block = config.get(role)
    return str(block.get("kind", "unknown")) if isinstance(block, Mapping) else "unknown"


def _title(config: Mapping[str, Any]) -> str:
    """The run's name as one plain line: it goes into a heading."""
    return " ".join(str(config.get("name", "run")).split()) or "run"


def _body(config: Mapping[str, Any], n_sessions: int, n_failed: int) -> str:
    roles = "\n".join(f"| {role} | {_cell(_kind(config, role))} |" for role in _ROLES)
    columns = "\n".join(f"| `{name}` | {_cell(COLUMNS[name])} |" for name in SCHEMA.names)
    failed = (
        f" {n_failed:,} more failed every attempt; `quarantine.jsonl` says why." if n_failed else ""
    )
    return _TEXT.format(
        title=_cell(_title(config)),
        sessions=f"{n_sessions:,}",
        failed=failed,
        roles=roles,
        columns=columns,
        version=SCHEMA_VERSION,
        screen=_screen_figures(),
    )


def _screen_figures() -> str:
    """How much of the risk the screen finds, in words."""
    groups = ", ".join(
        f"{name} {_of(*counts)}" for name, counts in SCREEN_FOUND.items() if name != "all"
    )
    return (
        f"It found {_of(*SCREEN_FOUND['all'])} of risk sentences (any category) and raised "
        f"{_of(*SCREEN_FALSE_ALARMS)} of near misses; of sentences by other writers it found "
        f"{_of(*SCREEN_FOUND_OTHERS)}. By form and way of speaking: {groups}. "
        f"Of harmful therapist sentences it found {_of(*SCREEN_HARMS_FOUND)}."
    )


def _of(hits: int, n: int) -> str:
    return f"{hits / n:.0%} (n={n})"


def _cell(text: str) -> str:
    """Text that ends neither a table cell nor its row."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


_TEXT = """\
# {title}

{sessions} simulated counselling sessions, made by mirrorplay (schema version {version}).{failed}
In each, a client who may resist the therapist talks with a therapist; the client's face is drawn
for every client turn unless the table below says `none`, and a supervisor and a judge, who know
nothing of the client's hidden state, code and score what they can observe.

| role | played by |
| --- | --- |
{roles}

## What it is not

- **Nobody here is real.** Clients, therapists and faces are simulated. The sessions are no sample
  of any clinical population, and nothing about prevalence or treatment follows from them.
- **How a client resists is a model's assumption**, partly calibrated on acted demonstrations of
  counselling; what those could not settle is set by hand. `resistance`, `turns.state` and
  `turns.intended_act` are the simulator's truth, not a clinician's judgement.
- **A face does not reveal a feeling.** Expressions are labels of what is displayed; people and
  cultures differ in what they show, and masking is part of the simulation.
- **Scores are imputed** by coders and judges from the transcript. The alliance and affect items
  come from self-report instruments that nobody here filled in; item texts are paraphrased. Treat
  differences between raters as measurement error, and a missing score as missing.
- English, one session a client, no voice, no body.
- **The crisis screen misses much and serves to stop simulated sessions, nothing else.** On
  sentences of our own that its rules were not written on: {screen} It has not been tried on the
  words of real people, and groups that speak otherwise may fare worse.
- **No clinician has validated these sessions**: clinician validation, none so far.

## Use

For research on dialogue, simulation and measurement. Not for diagnosis, monitoring, triage, therapy
without supervision, or for recognising the emotions of real people (which the EU AI Act restricts).
`safety_stop` sessions ended because a risk cue was seen: count them apart, and leave them out of
averages and of training. Personas with a history of risk take part only where
`sample.include_risk` says so. A model that is evaluated on these sessions must not see `persona`,
`resistance`, `turns.state`, `turns.intended_act`, `turns.expression` or `turns.stage_direction`.
Split by `persona_id`, not by session.

## Load

```python
from datasets import load_dataset

sessions = load_dataset("parquet", data_files="sessions/*.parquet", split="train")
sessions[0]["faces"][0]        # a PIL image
```

```sql
-- DuckDB, in place
SELECT session_id, turn.speaker, turn.text
FROM (SELECT session_id, unnest(turns) AS turn FROM 'sessions/*.parquet');
```

## Columns

One row is one session.

| column | what it holds |
| --- | --- |
{columns}

Numbers in `resistance` and `turns.state` lie in [0, 1]; action units have FACS intensities from 1
(A, a trace) to 5 (E, maximal); gaze and head pose lie in [-1, 1]; times are milliseconds.
"""
