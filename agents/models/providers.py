"""From a spec to a LangChain chat model, importing nothing but what that model needs."""

import importlib
import re
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr, ValidationError

from mirrorplay.agents.models.key import hushed
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.personas.errors import UserError, nearest

_PIP = re.compile(r"pip install (?:-U )?`?([A-Za-z0-9_.-]+)")


def chat_model(spec: ModelSpec, key: SecretStr | None = None) -> BaseChatModel:
    """The model a spec names. Raises UserError for a package, a class, a file or a key that is
    missing."""
    if spec.provider == "openai":
        try:
            from mirrorplay.agents.models.openai_http import openai_chat
        except ImportError as error:
            raise _missing(spec, error, 'pip install "mirrorplay[models]"') from None
        return openai_chat(spec, key)
    if spec.provider == "transformers":
        try:
            from mirrorplay.agents.models.local import local_chat
        except ImportError as error:
            raise _missing(spec, error, 'pip install "mirrorplay[local]"') from None
        local: BaseChatModel = local_chat(spec)
        return local
    if spec.provider == "replay":
        from mirrorplay.agents.models.replay import ReplayChat, recorded_parts

        recorded_parts(Path(spec.name))
        return ReplayChat(run=spec.name)
    if spec.provider == "custom":
        return _custom(spec)
    return _langchain(spec, key)


def _custom(spec: ModelSpec) -> BaseChatModel:
    """`custom:module:Class`: a class or a function without arguments that makes a chat model."""
    where = f"model {spec.model!r}"
    module_name, _, name = spec.name.partition(":")
    if not name:
        raise UserError("not of the form custom:module:Class", where=where)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UserError(
            f"module {error.name!r} cannot be found",
            where=where,
            hint="run in the folder that holds it, or pass --import-path",
        ) from None
    make = getattr(module, name, None)
    if make is None:
        known = [one for one in vars(module) if not one.startswith("_")]
        raise UserError(f"{module_name!r} has no {name!r}", where=where, hint=nearest(name, known))
    made = make() if callable(make) else make
    if not isinstance(made, BaseChatModel):
        raise UserError(
            f"{name!r} makes a {type(made).__name__}, not a LangChain chat model", where=where
        )
    return made


def _langchain(spec: ModelSpec, key: SecretStr | None) -> BaseChatModel:
    """Any other provider, through `init_chat_model`, with its own retries off."""
    from langchain.chat_models import init_chat_model

    given: dict[str, Any] = {
        "temperature": spec.temperature,
        "top_p": spec.top_p,
        "max_tokens": spec.max_tokens,
        "base_url": spec.base_url,
        "api_key": key,
        **spec.extra,
    }
    settings = {name: value for name, value in given.items() if value is not None}
    try:
        made: BaseChatModel = init_chat_model(
            spec.name, model_provider=spec.provider, max_retries=0, **settings
        )
    except ImportError as error:
        named = _PIP.search(str(error))
        package = named[1] if named else f"langchain-{spec.provider.replace('_', '-')}"
        raise _missing(spec, error, f"pip install {package}") from None
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in mistakes[:3])
        mistake = told
    except (TypeError, ValueError) as error:
        mistake = str(error)
    else:
        return made
    # Outside the handler: what the library raised may hold the key.
    raise UserError(
        hushed(" ".join(mistake.split()), key), where=f"model {spec.model!r}", hint="see the spec"
    )


def _missing(spec: ModelSpec, error: ImportError, command: str) -> UserError:
    return UserError(
        f"needs a package that is not installed ({error.name or error})",
        where=f"model {spec.model!r}",
        hint=command,
    )
