"""The sessions that the validation plays for itself, and plays once.

    OUT/bank-a-1, OUT/bank-b-1   five therapists × two manners × four kinds of resistance
    OUT/twins-1                  originals and counterfactual twins, bank b
    OUT/faces-1                  a few sessions with drawn faces, bank b

A finished run is counted again, an interrupted one goes on; a run that was asked for otherwise is
refused, so that a report never mixes sizes.
"""

from pathlib import Path
from typing import Any

from mirrorplay.agents.roles import TherapistManner, TherapistPolicy
from mirrorplay.personas.collection import dump_personas, load_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Persona
from mirrorplay.personas.twins import counterfactuals
from mirrorplay.runs.api import Run, open_run
from mirrorplay.runs.api import run as play
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.plan import select_personas

SEED = 7
POLICIES: tuple[TherapistPolicy, ...] = (
    "random",
    "confrontational",
    "directive",
    "eliza",
    "mi_consistent",
)
"""In the order expected of them, worst first."""
MANNERS: tuple[TherapistManner, ...] = ("poor", "good")
FACES = 12
"""People whose faces are drawn."""
TWINS_EACH = 4
"""Twins of each original, spread over gender and heritage."""


def groups_config(
    out: Path, bank: str, personas: int, replicates: int, executor: str
) -> dict[str, Any]:
    """Known groups with the words of one bank."""
    return {
        "name": f"bank-{bank}",
        "seed": SEED,
        "sample": {"personas": "library", "limit": personas, "replicates": replicates},
        "face": "none",
        "therapist": {"kind": "scripted", "mode": "text"},
        "phrasing": {"bank": bank},
        "executor": executor,
        "output": {"dir": str(out)},
        "grid": {"therapist.policy": list(POLICIES), "therapist.manner": list(MANNERS)},
    }


def twins_config(out: Path, personas: int, executor: str) -> dict[str, Any]:
    """Originals and twins, each with their own kind of resistance, with the best and the worst of
    three therapists."""
    folder = out / "twins.jsonl"
    people = chosen(personas)
    everybody = [*people, *(one for person in people for one in spread_twins(person))]
    out.mkdir(parents=True, exist_ok=True)
    folder.write_text(dump_personas(everybody), encoding="utf-8")
    return {
        "name": "twins",
        "seed": SEED,
        "sample": {"personas": str(folder), "resistance": "default"},
        "face": "none",
        "therapist": {"kind": "scripted", "mode": "text"},
        "phrasing": {"bank": "b"},
        "executor": executor,
        "output": {"dir": str(out)},
        "grid": {"therapist.policy": ["mi_consistent", "directive", "confrontational"]},
    }


def faces_config(out: Path, personas: int, executor: str) -> dict[str, Any]:
    """A few clients with drawn faces."""
    return {
        "name": "faces",
        "seed": SEED,
        "sample": {"personas": "library", "limit": personas, "resistance": "default"},
        "therapist": {"kind": "scripted", "mode": "text"},
        "phrasing": {"bank": "b"},
        "executor": executor,
        "output": {"dir": str(out)},
    }


def chosen(personas: int) -> list[Persona]:
    """The originals: as many of the library as are played elsewhere."""
    sample = {"seed": SEED, "sample": {"personas": "library", "limit": personas}}
    return list(select_personas(RunConfig.model_validate(sample), load_personas("library")))


def spread_twins(person: Persona) -> list[Persona]:
    """A few twins of a person, evenly out of all."""
    every = counterfactuals(person)
    step = max(1, len(every) // TWINS_EACH)
    return list(every[step // 2 :: step])[:TWINS_EACH]


def played(config: dict[str, Any]) -> Run:
    """The run of this configuration: found, gone on with, or played now.

    Raises UserError when its directory holds another configuration's sessions.
    """
    there = Path(config["output"]["dir"], f"{config['name']}-1")
    if not there.is_dir():
        return play(config)
    run = open_run(there)
    wanted = _compared(RunConfig.model_validate(config))
    if _compared(run.config) != wanted:
        raise UserError(
            "holds sessions that were played with other settings",
            where=str(there),
            hint="name another folder with --out, or remove this one",
        )
    return run.resume()


def _compared(config: RunConfig) -> dict[str, Any]:
    """What sessions depend on: not where or how they are executed."""
    return config.model_dump(mode="json", exclude={"executor", "output"})
