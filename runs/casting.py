"""The cast of a cell: agents made from its configuration, scripted, with a model, or the user's."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mirrorplay.agents.client import ScriptedClient
from mirrorplay.agents.custom import load_part
from mirrorplay.agents.faces.artist import PortraitArtist
from mirrorplay.agents.faces.controls import BlankArtist, ShuffledArtist, SwappedArtist
from mirrorplay.agents.faces.perceiver import EmbeddedPerceiver
from mirrorplay.agents.judge import ScriptedJudge
from mirrorplay.agents.roles import (
    Client,
    FaceArtist,
    Judge,
    Perceiver,
    Screenwriter,
    Supervisor,
    Therapist,
)
from mirrorplay.agents.screenwriter import ScriptedScreenwriter
from mirrorplay.agents.supervisor import ScriptedSupervisor
from mirrorplay.agents.therapist import ScriptedTherapist
from mirrorplay.graphs.context import Cast
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.phrasing.bank import bank_directory
from mirrorplay.runs.config import CAPTION_MODES, RunConfig
from mirrorplay.runs.deck import read_deck

if TYPE_CHECKING:
    from mirrorplay.agents.models.mind import Mind
    from mirrorplay.agents.models.switchboard import Switchboard


def extend_import_path(folders: Iterable[str]) -> None:
    """Make custom parts importable in this process: the given folders before everything else."""
    for folder in reversed(list(folders)):
        absolute = str(Path(folder).resolve())
        if absolute not in sys.path:
            sys.path.insert(0, absolute)


def cast_of(config: RunConfig, board: "Switchboard | None" = None) -> Cast:
    """Every agent a session of this configuration needs; those with a model ask it over the
    `board`. Raises UserError for a part of the user's own that cannot be found, made, or does not
    fit its role and, without a board, for a key or a price that is missing."""
    minds = _minds(config, board)
    return Cast(
        client=_client(config, minds),
        therapist=_therapist(config, minds),
        supervisor=_supervisor(config, minds),
        judge=_judge(config, minds),
        artist=_artist(config),
        perceiver=_perceiver(config, minds),
        writer=_writer(config, minds),
    )


def _minds(config: RunConfig, board: "Switchboard | None") -> Mapping[str, "Mind"]:
    """A mind for each role that has a model; without one, nothing of LangChain is imported."""
    specs = config.specs()
    if not specs:
        return {}
    from mirrorplay.agents.models.mind import Mind
    from mirrorplay.agents.models.switchboard import Switchboard

    if board is None:
        config.limits.check(specs)
        board = Switchboard()
        for role, spec in specs.items():
            if spec.provider == "replay" and role not in ("client", "therapist"):
                raise UserError(
                    "only what a client or a therapist said can be replayed",
                    where=f"{role}.spec.model",
                )
            board.model(spec)  # weights of a local one are loaded later
    return {role: Mind(spec, role=role, board=board) for role, spec in specs.items()}


def _client(config: RunConfig, minds: Mapping[str, "Mind"]) -> Client:
    block = config.client
    if block.kind == "model":
        from mirrorplay.agents.minds.client import ModelClient

        return ModelClient(
            minds["client"],
            appraisal=block.appraisal,
            dynamics=block.dynamics,
            display_reliability=block.display_reliability,
            overlay=block.overlay,
            style=block.style,
        )
    if block.kind == "scripted":
        return ScriptedClient(
            appraisal=block.appraisal,
            dynamics=block.dynamics,
            bank=bank_directory(config.phrasing.bank),
            display_reliability=block.display_reliability,
            overlay=block.overlay,
        )
    part: Client = load_part("client", block.target, block.args)
    return part


def _therapist(config: RunConfig, minds: Mapping[str, "Mind"]) -> Therapist:
    block = config.therapist
    if block.kind == "model":
        from mirrorplay.agents.minds.budget import Budget
        from mirrorplay.agents.minds.therapist import ModelTherapist

        budget = Budget(tokens=block.context_tokens, image=block.image_tokens)
        return ModelTherapist(
            minds["therapist"], block.mode, block.crisis_line, budget, block.style
        )
    if block.kind == "scripted":
        return ScriptedTherapist(
            policy=block.policy,
            mode=block.mode,
            crisis_line=block.crisis_line,
            manner=block.manner,
            bank=bank_directory(config.phrasing.bank),
            eyes=EmbeddedPerceiver() if block.mode == "base" else None,
            names_mismatch=block.names_mismatch,
        )
    part: Therapist = load_part("therapist", block.target, block.args)
    return part


def _supervisor(config: RunConfig, minds: Mapping[str, "Mind"]) -> Supervisor:
    block = config.supervisor
    if block.kind == "model":
        from mirrorplay.agents.minds.supervisor import ModelSupervisor

        return ModelSupervisor(minds["supervisor"], block.stopping, block.variant)
    if block.kind == "scripted":
        return ScriptedSupervisor()
    part: Supervisor = load_part("supervisor", block.target, block.args)
    return part


def _judge(config: RunConfig, minds: Mapping[str, "Mind"]) -> Judge:
    block = config.judge
    if block.kind == "model":
        from mirrorplay.agents.minds.judge import ModelJudge

        return ModelJudge(minds["judge"], block.instruments, block.variant, block.samples)
    if block.kind == "scripted":
        eyes = EmbeddedPerceiver() if block.variant == "words+face" else None
        return ScriptedJudge(block.instruments, block.variant, eyes)
    part: Judge = load_part("judge", block.target, block.args)
    return part


def _artist(config: RunConfig) -> FaceArtist | None:
    block = config.face
    if block.kind == "none":
        return None
    if block.kind == "portrait":
        return PortraitArtist()
    if block.kind == "blank":
        return BlankArtist()
    if block.kind == "shuffled":
        return ShuffledArtist(read_deck(block.deck))
    if block.kind == "swapped":
        return SwappedArtist(read_deck(block.deck))
    part: FaceArtist = load_part("face", block.target, block.args)
    return part


def _perceiver(config: RunConfig, minds: Mapping[str, "Mind"]) -> Perceiver | None:
    block = config.perceiver
    if block.kind == "none" or config.therapist.mode not in CAPTION_MODES:
        return None
    if block.kind == "model":
        from mirrorplay.agents.minds.perceiver import ModelPerceiver

        return ModelPerceiver(minds["perceiver"])
    if block.kind == "embedded":
        return EmbeddedPerceiver()
    part: Perceiver = load_part("perceiver", block.target, block.args)
    return part


def _writer(config: RunConfig, minds: Mapping[str, "Mind"]) -> Screenwriter | None:
    if config.graph.kind == "session":
        return None
    block = config.graph.writer
    if block.kind == "model":
        from mirrorplay.agents.minds.screenwriter import ModelScreenwriter

        return ModelScreenwriter(minds["writer"])
    if block.kind == "scripted":
        return ScriptedScreenwriter(_client(config, minds), _therapist(config, minds))
    part: Screenwriter = load_part("writer", block.target, block.args)
    return part
