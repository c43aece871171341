"""Paths of a configuration made absolute: workers may run in other folders, and a resume may be
called from another."""

from pathlib import Path
from typing import Any

from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.model_blocks import BY_MODEL


def rooted(config: RunConfig) -> RunConfig:
    """The configuration with the paths of its models and its cache from the root on. The folder of
    the cache is made: OSError when it cannot be."""
    changes: dict[str, Any] = {}
    for name in ("client", "perceiver", "therapist", "supervisor", "judge"):
        block = getattr(config, name)
        if isinstance(block, BY_MODEL):
            changes[name] = block.model_copy(update={"spec": _rooted(block.spec)})
    writer = getattr(config.graph, "writer", None)
    if isinstance(writer, BY_MODEL):
        block = writer.model_copy(update={"spec": _rooted(writer.spec)})
        changes["graph"] = config.graph.model_copy(update={"writer": block})
    if config.cache is not None:
        cache = Path(config.cache).resolve()
        cache.mkdir(parents=True, exist_ok=True)
        changes["cache"] = str(cache)
    return config.model_copy(update=changes) if changes else config


def _rooted(spec: ModelSpec) -> ModelSpec:
    """A local model's name may be an id of a hub: only what is there is a path."""
    changes: dict[str, Any] = {}
    if spec.api_key_file is not None:
        changes["api_key_file"] = str(Path(spec.api_key_file).expanduser().resolve())
    path = Path(spec.name)
    if spec.provider == "replay" or (spec.provider == "transformers" and path.exists()):
        changes["model"] = f"{spec.provider}:{path.resolve()}"
    return spec.model_copy(update=changes) if changes else spec
