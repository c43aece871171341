"""Keys: read from where a spec says, shown to nobody.

A key is held as a secret that does not print itself, and whatever a server or a library says is
cleaned of it before it becomes an error, a log line or a record.
"""

import os
import re
from pathlib import Path

from pydantic import SecretStr

from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.personas.errors import UserError

HIDDEN = "[key]"
_LOOKS_LIKE_A_KEY = re.compile(r"\bsk-[\w*.-]{6,}|(?<=Bearer )[^\s'\",}]+", re.IGNORECASE)
_SHORTEST = 6
"""Keys of fewer characters are placeholders ("none"); hiding them would garble every text."""


def read_key(spec: ModelSpec) -> SecretStr | None:
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
