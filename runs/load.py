"""A configuration from a preset, a YAML file or a run's own run.json, and `key=value` overrides.

Everything is merged first and validated once, cells included; each mistake is told with the file
and line, or the argument, that it came from.
"""

import ast
import json
import os.path
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mirrorplay.agents.models import purse, spec
from mirrorplay.personas.document import Marked, parse_yaml, read_text, read_yaml
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.runs import blocks, model_blocks
from mirrorplay.runs import config as config_module
from mirrorplay.runs.config import KINDS, RunConfig
from mirrorplay.runs.draft import Draft
from mirrorplay.runs.grid import cells
from mirrorplay.runs.mistakes import validated
from mirrorplay.runs.values import holds_secret, is_run_name, is_too_deep, shown

PRESETS = Path(__file__).parent / "presets"
DEFAULT_PRESET = "quickstart"
_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Loaded:
    """A validated configuration, the merged document behind it, and where each value came from."""

    config: RunConfig
    document: Mapping[str, Any]
    source: str
    """`preset quickstart`, or the file."""
    _draft: Draft = field(repr=False)

    def origin(self, key: str) -> str:
        """`file:line`, `command line: "…"`, or `default` for a dotted key."""
        path = _key_path(key, key)
        here: Any = self.document
        for part in path:
            if not isinstance(here, Mapping) or part not in here:
                return "default"
            here = here[part]
        return self._draft.where(path) or self.source


def preset_names() -> tuple[str, ...]:
    """The presets that come with the package."""
    return tuple(sorted(path.stem for path in PRESETS.glob("*.yaml")))


def load_config(source: str | None = None, overrides: Sequence[str] = ()) -> Loaded:
    """Read, override, validate.

    source: a preset's name, a YAML file or a run.json; None is the preset quickstart.
    overrides: `key=value`, dotted keys, values in YAML; a later one wins. A source that is itself
    `key=value` is the first override of the default preset.
    Raises UserError for whatever a user can get wrong, all mistakes of the merged document at once.
    """
    if source is not None and "=" in source and not os.path.exists(source):
        overrides, source = [source, *overrides], None
    marked = _read(DEFAULT_PRESET if source is None else source)
    if is_too_deep(marked.value):
        raise UserError("nested too deeply", where=marked.name)
    if not isinstance(marked.value, dict):
        validated(marked.value, marked.where)
    origins = {path: f"{marked.name}:{line}" for path, line in marked.lines.items()}
    draft = Draft(marked.value, {(): marked.name, **origins})
    for override in overrides:
        _apply(override, draft)
    document = draft.settled()
    stem = Path(marked.name).stem
    if "name" not in document and Path(marked.name).suffix in _SUFFIXES and is_run_name(stem):
        document["name"] = stem
    config = validated(document, draft.where)
    cells(config, draft.where)
    return Loaded(config, document, marked.name, draft)


def _read(source: str) -> Marked:
    if source in preset_names():
        text = read_text(PRESETS / f"{source}.yaml")
        return parse_yaml(text, f"preset {source}")
    path = Path(source)
    if os.path.exists(path / "run.json"):
        raise UserError(
            f"{source!r} is a run",
            hint=f"`mirrorplay resume {source}` goes on with it; "
            f"`mirrorplay run {path / 'run.json'}` repeats it in a new directory",
        )
    if os.path.isfile(path):
        return _read_run(path) if path.suffix == ".json" else read_yaml(path)
    if path.suffix in _SUFFIXES or "/" in source or os.path.exists(path):
        raise _no_file(path)
    raise UserError(
        f"no preset or file {source!r}",
        allowed=f"a YAML file, a run.json, or a preset: {', '.join(preset_names())}",
        hint=nearest(source, preset_names()),
    )


def _no_file(path: Path) -> UserError:
    try:
        siblings = [p.name for p in path.parent.iterdir() if p.suffix in _SUFFIXES]
    except OSError:
        siblings = []
    problem = "is not a file" if os.path.exists(path) else "no such file"
    return UserError(
        problem,
        where=str(path),
        allowed=f"a YAML file, a run.json, or a preset: {', '.join(preset_names())}",
        hint=nearest(path.name, siblings),
    )


def _read_run(path: Path) -> Marked:
    """The `config` of a run.json, on the personas that the run kept beside it."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, value in pairs:
            if key in mapping:
                raise UserError(f"key {key!r} appears twice", where=str(path))
            mapping[key] = value
        return mapping

    try:
        value = json.loads(read_text(path), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise UserError(f"not valid JSON: {error}", where=str(path)) from None
    if not isinstance(value, dict) or not isinstance(value.get("config"), dict):
        raise UserError(
            "is no run.json: it has no `config`",
            where=str(path),
            hint="a configuration of your own is a .yaml file",
        )
    if "parent" in value:
        raise UserError(
            "is a fork: its configuration is its parent's",
            where=str(path),
            hint="mirrorplay fork PARENT SESSION --at STEP, as its `parent` says",
        )
    config, kept = value["config"], path.with_name("personas.jsonl")
    sample = config.get("sample")
    named = sample.get("personas", "library") if isinstance(sample, dict) else "library"
    if named != "library" and kept.is_file():
        # Where they came from may have changed or gone; the run kept them as they were.
        config = {**config, "sample": {**sample, "personas": str(kept)}}
    return Marked(config, str(path))


def _apply(override: str, draft: Draft) -> None:
    key, equals, text = override.partition("=")
    key = key.strip()
    masked = f'command line: "{_printable(key)}=…"'
    label = masked if holds_secret(key, text) else f'command line: "{_printable(override)}"'
    if not equals or not key:
        raise UserError(
            "is not an override",
            where=label,
            allowed="key=value",
            hint="for example session.max_exchanges=5",
        )
    path = _key_path(key, label)
    try:
        value = parse_yaml(text, label).value
    except UserError as error:
        raise UserError(
            error.what, where=label, allowed=error.allowed, hint="values are YAML: quote odd text"
        ) from None
    if is_too_deep(value):
        raise UserError("nested too deeply", where=label)
    draft.assign(path, value, masked if holds_secret(key, value) else label)


def _printable(text: str) -> str:
    """The text of an argument, short and without control characters."""
    return shown(text)[1:].removesuffix("'").removesuffix('"')


def _key_path(key: str, where: str) -> tuple[str, ...]:
    """`grid.therapist.mode` is one factor of the grid; other keys go down at each dot."""
    head, _, rest = key.partition(".")
    if head == "grid" and rest:
        return (head, rest)
    path = tuple(key.split("."))
    if not all(path):
        raise UserError(f"key {key!r} has an empty part", where=where)
    return path


def schema() -> dict[str, Any]:
    """The JSON schema of a configuration, each field with its description."""
    described = RunConfig.model_json_schema()
    texts = _descriptions()
    for name, part in {**described.get("$defs", {}), "RunConfig": described}.items():
        for key, value in part.get("properties", {}).items():
            text = next((texts[c, key] for c in _ancestry(name) if (c, key) in texts), None)
            if text:
                value["description"] = " ".join(text.split())
    _allow_short_forms(described)
    return described


def _allow_short_forms(described: dict[str, Any]) -> None:
    """A bare word is a block of that kind; the default kind need not be named."""
    for path, kinds in KINDS.items():
        parent = described["$defs"]["ScreenplayGraph"] if path[:-1] else described
        block = parent["properties"][path[-1]]
        block["anyOf"] = [*block.pop("oneOf"), {"enum": list(kinds)}]
        del block["discriminator"]
        default = described["$defs"][next(iter(kinds.values())).__name__]
        default["required"] = [key for key in default["required"] if key != "kind"]


DESCRIBED = (config_module, blocks, model_blocks, spec, purse)
"""Modules whose classes make up a configuration."""


def _ancestry(name: str) -> list[str]:
    where = next(module for module in DESCRIBED if name in vars(module))
    return [one.__name__ for one in vars(where)[name].__mro__]


def _descriptions() -> dict[tuple[str, str], str]:
    """(class, field) → the text under the field."""
    texts = {}
    sources = (Path(str(module.__file__)).read_text(encoding="utf-8") for module in DESCRIBED)
    for node in (node for source in sources for node in ast.parse(source).body):
        if not isinstance(node, ast.ClassDef):
            continue
        for before, after in zip(node.body, node.body[1:], strict=False):
            match before, after:
                case (
                    ast.AnnAssign(target=ast.Name(id=key)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    texts[node.name, key] = text
    return texts
