"""Keys: read from where a spec says, shown to nobody.

A key is held as a secret that does not print itself, and whatever a server or a library says is
cleaned of it before it becomes an error, a log line or a record. A spec is written into records,
so what looks like a key has no place in one.
"""

import os
import re
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from mirrorplay.personas.errors import UserError

if TYPE_CHECKING:
    from mirrorplay.agents.models.spec import ModelSpec

HIDDEN = "[key]"
MAX_TOLD = 200
"""Characters of a server's words that an error repeats."""
_LOOKS_LIKE_A_KEY = re.compile(
    r"\bsk-[\w*.-]{6,}|(?<=Bearer )[^\s'\",}]+|\b(?:gsk_|hf_|xai-|AIza|AKIA)[\w-]{16,}",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"://[^/@\s]+:[^/@\s]+@")
_SECRET_NAME = re.compile(
    r"(?i:password|passwd|passphrase|secret|credential|api[_-]?key|authori[sz]ation|cookie)"
    r"|(?i:(?:^|[_-])(?:keys?|token|pwd)$)|[a-z](?:Keys?|Token)$"
)
_HARMLESS_NAME = re.compile(r"(?i:(?:^|_)(?:cache_key|(?:eos|bos|pad|unk|stop)_token))$|_env$")
"""Request parameters that only sound like secrets."""
_SHORTEST = 6
"""Keys of fewer characters are placeholders ("none"); hiding them would garble every text."""


def read_key(spec: "ModelSpec") -> SecretStr | None:
    """The key a spec names, or None where it names none. Raises UserError when it is not there."""
    if spec.api_key_env is not None:
        key = os.environ.get(spec.api_key_env, "").strip()
        if not key:
            raise UserError(
                f"environment variable {spec.api_key_env!r} is not set",
                where="api_key_env",
                hint=f"export {spec.api_key_env}=… before the run",
            )
        return SecretStr(key)
    if spec.api_key_file is not None:
        path = Path(spec.api_key_file).expanduser()
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except OSError as error:
            raise UserError(
                f"cannot be read: {error.strerror}",
                where=f"api_key_file {spec.api_key_file!r}",
                hint="its first line is to be the key",
            ) from None
        except UnicodeDecodeError:
            lines = [""]  # its bytes may be part of a key: nothing of them is told
        if not lines[0].strip():
            raise UserError(
                "holds no key",
                where=f"api_key_file {spec.api_key_file!r}",
                hint="its first line is to be the key",
            )
        return SecretStr(lines[0].strip())
    return None


def hushed(text: str, key: SecretStr | None) -> str:
    """A text without the key, and without whatever looks like one."""
    secret = key.get_secret_value() if key is not None else ""
    if len(secret) >= _SHORTEST:
        text = text.replace(secret, HIDDEN)
    return _LOOKS_LIKE_A_KEY.sub(HIDDEN, text)


def told_line(text: str, key: SecretStr | None) -> str:
    """The same on one line of at most `MAX_TOLD` characters. Cleaned first: half a key is no key to
    recognise."""
    line = hushed(" ".join(text.split()), key)
    return line if len(line) <= MAX_TOLD else f"{line[:MAX_TOLD]}…"


def hushed_error(error: Exception, key: SecretStr | None) -> Exception:
    """An exception to raise in the place of one from within a call, which may hold the request.

    Itself where there is no key to tell, so that a bug keeps its traceback; else a new one without
    traceback and causes, of the same type where that can be made of words, or a RuntimeError.
    """
    chain: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__ or one.__context__
    said = "\n".join(f"{one} {one.args!r} {getattr(one, '__notes__', '')}" for one in chain)
    if key is None and hushed(said, None) == said:
        return error
    if isinstance(error, UserError):
        parts = (error.what, error.where, error.allowed, error.hint)
        what, *rest = (part and hushed(part, key) for part in parts)
        return UserError(str(what), where=rest[0], allowed=rest[1], hint=rest[2])
    if isinstance(error, OSError) and error.errno is not None:
        return type(error)(error.errno, told_line(error.strerror or "", key))
    frames = traceback.extract_tb(error.__traceback__)
    origin = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    told = f"{told_line(str(error), key)}{origin}"
    if _made_of_words(type(error)):
        return type(error)(told)
    return RuntimeError(f"{type(error).__name__}: {told}")


def _made_of_words(kind: type[Exception]) -> bool:
    """Whether an exception of this type is made of one text and shows nothing else."""
    own = {name for cls in kind.__mro__ if cls.__module__ != "builtins" for name in vars(cls)}
    return not issubclass(kind, UnicodeError | ExceptionGroup) and not own & {
        "__init__",
        "__new__",
        "__str__",
        "__repr__",
    }


def secrets_in(value: Any, name: str | None = None) -> Iterator[str]:
    """The names under which a literal secret seems to stand in plain data; "" for one that has no
    name or is itself one."""
    if isinstance(value, Mapping):
        for inner, part in value.items():
            inner = str(inner)
            if _is_secret(inner):
                yield ""
                continue
            sounds = _SECRET_NAME.search(inner) and not _HARMLESS_NAME.search(inner)
            yield from secrets_in(part, inner if sounds else name)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from secrets_in(part, name)
    elif isinstance(value, str) and value and (name is not None or _is_secret(value)):
        yield name or ""


def _is_secret(text: str) -> bool:
    return bool(_LOOKS_LIKE_A_KEY.search(text) or _LOGIN.search(text))
