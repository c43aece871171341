"""The cast of a cell: agents made from its configuration, scripted or of the user's own."""

import sys
from collections.abc import Iterable
from pathlib import Path

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
from mirrorplay.policies.phrasing.bank import bank_directory
from mirrorplay.runs.config import CAPTION_MODES, RunConfig
from mirrorplay.runs.deck import read_deck


def extend_import_path(folders: Iterable[str]) -> None:
    """Make custom parts importable in this process: the given folders before everything else."""
    for folder in reversed(list(folders)):
        absolute = str(Path(folder).resolve())
        if absolute not in sys.path:
            sys.path.insert(0, absolute)


def cast_of(config: RunConfig) -> Cast:
    """Every agent a session of this configuration needs. Raises UserError for a part of the
    user's own that cannot be found, made, or does not fit its role."""
    return Cast(
        client=_client(config),
        therapist=_therapist(config),
        supervisor=_supervisor(config),
        judge=_judge(config),
        artist=_artist(config),
        perceiver=_perceiver(config),
        writer=_writer(config),
    )


def _client(config: RunConfig) -> Client:
    block = config.client
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


def _therapist(config: RunConfig) -> Therapist:
    block = config.therapist
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


def _supervisor(config: RunConfig) -> Supervisor:
    block = config.supervisor
    if block.kind == "scripted":
        return ScriptedSupervisor()
    part: Supervisor = load_part("supervisor", block.target, block.args)
    return part


def _judge(config: RunConfig) -> Judge:
    block = config.judge
    if block.kind == "scripted":
        return ScriptedJudge()
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


def _perceiver(config: RunConfig) -> Perceiver | None:
    block = config.perceiver
    if block.kind == "none" or config.therapist.mode not in CAPTION_MODES:
        return None
    if block.kind == "embedded":
        return EmbeddedPerceiver()
    part: Perceiver = load_part("perceiver", block.target, block.args)
    return part


def _writer(config: RunConfig) -> Screenwriter | None:
    if config.graph.kind == "session":
        return None
    block = config.graph.writer
    if block.kind == "scripted":
        return ScriptedScreenwriter(_client(config), _therapist(config))
    part: Screenwriter = load_part("writer", block.target, block.args)
    return part
