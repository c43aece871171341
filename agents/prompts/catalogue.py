"""Prompts as data: one file a prompt, its variables declared, all of them hashed for provenance.

A file is a YAML front matter (`variables:` name → what it holds) and a body with `{{name}}` in it.
Values are put in as they are, once, and never read again: a value that holds `{{name}}` stays that.
Words that somebody outside has written go through `fence`, which cannot be closed from inside.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from mirrorplay.personas.document import parse_yaml, read_text
from mirrorplay.personas.errors import UserError, nearest

FOLDER = Path(__file__).parent
_FRONT = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.DOTALL)
_SLOT = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")
_BRACES = re.compile(r"\{\{|\}\}")
_TAG = re.compile(r"[a-z][a-z_]*")
_PLAIN = str.maketrans({"<": "\u2039", ">": "\u203a"})
_TEMPLATE_MARK = re.compile(r"\[(/?)(INST|SYSTEM_PROMPT|IMG|IMG_BREAK|IMG_END|TOOL_CALLS)\]", re.I)
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt: `variables` by name with what each holds, and the body."""

    name: str
    variables: Mapping[str, str]
    body: str

    def render(self, **values: str) -> str:
        """The text with every value in its place. Raises UserError for a variable that is missing
        or that the prompt does not declare."""
        missing = [name for name in self.variables if name not in values]
        extra = [name for name in values if name not in self.variables]
        if missing or extra:
            wrong = [f"{name!r} is missing" for name in missing]
            wrong += [f"{name!r} is not declared" for name in extra]
            raise UserError(
                f"prompt {self.name!r}: {', '.join(wrong)}",
                allowed=self.variables,
                hint=nearest(extra[0], self.variables) if extra else None,
            )
        return _SLOT.sub(lambda slot: values[slot[1]], self.body)


def read_prompt(path: Path, name: str) -> Prompt:
    """A prompt file. Raises UserError for one without front matter, for a variable that is used and
    not declared or declared and not used, and for braces that are no variable."""
    text = read_text(path)
    parts = _FRONT.match(text)
    where = str(path)
    if parts is None:
        raise UserError(
            "no front matter", where=where, allowed="--- variables: … --- then the body"
        )
    front = parse_yaml(parts[1], where).value
    declared = front.get("variables") if isinstance(front, dict) else None
    if declared is None:
        declared = {}
    if not isinstance(front, dict) or set(front) - {"variables"} or not isinstance(declared, dict):
        raise UserError("front matter holds more than variables", where=where, allowed="variables")
    body = parts[2].strip()
    used = set(_SLOT.findall(body))
    for variable in sorted(used - declared.keys()):
        raise UserError(f"{variable!r} is used and not declared", where=where, allowed=declared)
    for variable in sorted(declared.keys() - used):
        raise UserError(f"{variable!r} is declared and not used", where=where, allowed=used)
    if _BRACES.search(_SLOT.sub("", body)):
        raise UserError("braces that are no variable", where=where, allowed="{{lower_case_name}}")
    return Prompt(name, {str(key): str(value) for key, value in declared.items()}, body)


@lru_cache(maxsize=1)
def prompts() -> Mapping[str, Prompt]:
    """Every prompt by name (`client/turn`), all read and checked together."""
    files = sorted(FOLDER.glob("*/*.md"))
    names = [path.relative_to(FOLDER).with_suffix("").as_posix() for path in files]
    return {name: read_prompt(path, name) for name, path in zip(names, files, strict=True)}


def prompt(name: str) -> Prompt:
    """The prompt of this name. Raises UserError when there is none."""
    known = prompts()
    if name not in known:
        raise UserError(f"no prompt {name!r}", allowed=known, hint=nearest(name, known))
    return known[name]


@lru_cache(maxsize=1)
def prompts_digest() -> str:
    """sha256 over the names and bytes of every prompt and word list here, for provenance."""
    digest = sha256()
    for path in sorted([*FOLDER.glob("*/*.md"), *FOLDER.glob("*/*.yaml")]):
        content = path.read_bytes()
        name = path.relative_to(FOLDER).as_posix()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def plain(text: str) -> str:
    """Words without anything that a chat template or a fence could take for its own mark: angle
    brackets become ‹ ›, `[INST]` becomes (INST), and invisible characters go."""
    visible = _INVISIBLE.sub("", text)
    return _TEMPLATE_MARK.sub(r"(\1\2)", visible).translate(_PLAIN)


def fence(text: str, tag: str = "data") -> str:
    """Untrusted words between `<tag>` and `</tag>`. No angle bracket is left inside, so nothing
    inside can end the fence or open another."""
    if not _TAG.fullmatch(tag):
        raise ValueError(f"{tag!r} is no tag")
    return f"<{tag}>\n{plain(text)}\n</{tag}>"
