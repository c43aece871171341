"""A configuration while it is put together: a document, later assignments, and their origins.

A block that changes its `kind` drops the keys that only its former kind had, unless they were
assigned too: `executor.kind=inline` on a preset for Ray needs no other change.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.config import KINDS
from mirrorplay.runs.values import KeyPath, shown


class Draft:
    """`document` is the merged mapping; `where` tells where the value at a path came from."""

    def __init__(self, document: Mapping[str, Any], origins: Mapping[KeyPath, str]) -> None:
        self.document: dict[str, Any] = deepcopy(dict(document))
        self._origins = dict(origins)
        self._assigned: set[KeyPath] = set()
        for path in KINDS:
            self._expand(path)
        self._kinds = {path: self._kind(path) for path in KINDS}

    def where(self, path: KeyPath) -> str | None:
        """Origin of what stands at a path: its own, or that of a value in it or around it."""
        if path and path not in self._origins:
            inside = (o for p, o in self._origins.items() if p[: len(path)] == path)
            if origin := next(inside, None):
                return origin
        for end in range(len(path), -1, -1):
            if path[:end] in self._origins:
                return self._origins[path[:end]]
        return None

    def assign(self, path: tuple[str, ...], value: Any, origin: str) -> None:
        """Set one value; blocks on the way are made. Raises UserError below a plain value."""
        if path in KINDS and isinstance(value, str):
            path = (*path, "kind")
        here = self.document
        for depth, part in enumerate(path[:-1], start=1):
            if here.get(part) is None:
                here[part] = {}
            if not isinstance(here[part], dict):
                block = ".".join(path[:depth])
                raise UserError(
                    f"{block} is {shown(here[part])}, not a block", where=origin or None
                )
            here = here[part]
        here[path[-1]] = value
        for old in [old for old in self._origins if old[: len(path)] == path]:
            del self._origins[old]
        self._origins[path] = origin
        self._assigned.add(path)
        for block_path in KINDS:
            if block_path[: len(path)] == path:
                self._expand(block_path)

    def settled(self) -> dict[str, Any]:
        """The document, without the keys that a changed kind does not know."""
        for path, before in self._kinds.items():
            kind, block = self._kind(path), self._at(path)
            model = KINDS[path].get(str(kind))
            if kind == before or model is None or not isinstance(block, dict):
                continue
            for key in [key for key in block if key not in model.model_fields]:
                below = (*path, key)
                if not any(
                    done[: len(below)] == below or below[: len(done)] == done
                    for done in self._assigned
                ):
                    del block[key]
        return self.document

    def _at(self, path: tuple[str, ...]) -> Any:
        here: Any = self.document
        for part in path:
            here = here.get(part) if isinstance(here, dict) else None
        return here

    def _kind(self, path: tuple[str, ...]) -> Any:
        block = self._at(path)
        default = next(iter(KINDS[path]))
        return block.get("kind", default) if isinstance(block, dict) else default

    def _expand(self, path: tuple[str, ...]) -> None:
        """A bare word is a block of that kind."""
        parent, word = self._at(path[:-1]), self._at(path)
        if isinstance(word, str):
            parent[path[-1]] = {"kind": word}
