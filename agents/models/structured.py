"""Answers typed by a pydantic model: the schema in words, the schema for the server, the reading.

Servers that take a JSON schema hold the model to it; the others are told in words, and what comes
back is found among prose and code fences. Either way the same `read` decides.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from mirrorplay.agents.prompts.catalogue import prompt

M = TypeVar("M", bound=BaseModel)

_FENCE = re.compile(r"```(?:json|JSON)?[ \t]*\n?(.*?)```", re.DOTALL)
_DECODER = json.JSONDecoder()
MAX_STARTS = 50
"""Opening braces tried in one answer."""
MAX_TOLD = 3
"""Mistakes told in a request to repair."""


class Unreadable(ValueError):
    """Raised by a role's `read`: the text is not in the form asked for. `reason` is told to the
    model when it is asked to repair its answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Form(Generic[M]):
    """A form to be filled in. `mind.ask(messages, seed=…, read=Form(Rating))`, with
    `form.instruction` among the messages."""

    def __init__(self, model: type[M]) -> None:
        self.model = model
        self.schema: dict[str, Any] = model.model_json_schema()

    @property
    def name(self) -> str:
        return re.sub(r"[^A-Za-z0-9_-]", "_", self.model.__name__)[:64]

    @property
    def instruction(self) -> str:
        """What a prompt says about the form."""
        return prompt("answer/form").render(schema=json.dumps(self.schema, ensure_ascii=False))

    @property
    def response_format(self) -> dict[str, Any]:
        """The form as the OpenAI protocol asks for it."""
        return {"type": "json_schema", "json_schema": {"name": self.name, "schema": self.schema}}

    def __call__(self, text: str) -> M:
        return self.read(text)

    def read(self, text: str) -> M:
        """The first JSON object in a text that fits. Raises Unreadable telling what does not."""
        mistake: ValidationError | None = None
        found = False
        for value in _objects(text):
            found = True
            try:
                return self.model.model_validate(value)
            except ValidationError as error:
                mistake = mistake or error
        if mistake is not None:
            raise Unreadable(_told(mistake))
        raise Unreadable("it holds no JSON object" if not found else "its JSON object does not fit")


def _objects(text: str) -> Iterator[Any]:
    """The JSON objects of a text: those in code fences first, then wherever a brace opens."""
    for source in (*_FENCE.findall(text), text):
        at = source.find("{")
        for _ in range(MAX_STARTS):
            if at < 0:
                break
            try:
                value, end = _DECODER.raw_decode(source, at)
            except (ValueError, RecursionError):
                at = source.find("{", at + 1)
                continue
            yield value
            at = source.find("{", end)


def _told(error: ValidationError) -> str:
    lines = []
    for detail in error.errors(include_url=False, include_input=False)[:MAX_TOLD]:
        key = ".".join(str(part) for part in detail["loc"]) or "the object"
        lines.append(f"{key}: {detail['msg']}")
    return "; ".join(lines)
