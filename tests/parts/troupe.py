"""One chat model that can play every role, for tests of whole sessions: its answers are a function
of what it is asked."""

import json
import re
from hashlib import sha256

from mirrorplay.agents.client import ScriptedClient
from mirrorplay.agents.minds.planning import example_plan, format_plan
from mirrorplay.agents.models.breaker import EndpointDown
from mirrorplay.agents.models.scripted import Asked, FunctionChat
from mirrorplay.agents.roles import ClientScene, ClientTurn

CLIENT = (
    "It was the Tuesday email again.",
    "I don't know. Maybe.",
    "My sister says that too.",
    "Not really, no.",
    "I could look at it, I suppose.",
)
THERAPIST = (
    "The Tuesday email. What went through you when it came?",
    "You are not sure yet, and that is all right.",
    "What would it cost to leave it for a day?",
    "Part of you wants it otherwise.",
)


def act(asked: Asked) -> str:
    """What the role that this prompt is for would answer."""
    number = int.from_bytes(sha256(f"{asked.text}/{asked.seed}".encode()).digest()[:4], "big")
    head, last = asked.messages[0].text, asked.last
    if "RATE ONE ITEM" in last:
        low, high = map(int, re.search(r"from (\d+) to (\d+)", last).groups())  # type: ignore[union-attr]
        score = low + number % (high - low + 1)
        return json.dumps({"reason": "as heard", "evidence": [0, 1], "score": score})
    if "Code the last exchange" in last:
        return json.dumps({
            "client": ("disclosing", "reluctance", "answering")[number % 3],
            "talk": "talk:neutral", "therapist": ["open_question"], "danger": [],
            "decision": "continue", "new_plan": False, "note": "as heard",
        })  # fmt: skip
    if last.startswith("Describe the face"):
        return (
            "Face: looking down, lips pressed together\nValence: -0.3\nArousal: 0\n"
            "Reading: perhaps guarded"
        )
    if head.startswith("You play one person"):
        return f"[looks at the table] {CLIENT[number % len(CLIENT)]}"
    if "choose one technique" in last:
        return format_plan(example_plan())
    if head.startswith("Write the transcript"):
        return "\n".join(
            f"Client: [sits still] {line}\nTherapist: {reply}"
            for line, reply in zip(CLIENT, THERAPIST, strict=False)
        )
    return THERAPIST[number % len(THERAPIST)]


class Troupe(FunctionChat):
    """`custom:troupe:Troupe`."""

    def __init__(self) -> None:
        super().__init__(answer=act, model="troupe")


class Slow(FunctionChat):
    """`custom:troupe:Slow`: the same, a fifth of a second later."""

    def __init__(self) -> None:
        super().__init__(answer=act, model="slow", delay_s=0.2)


class CutOff(ScriptedClient):
    """`troupe:CutOff`: its first calls find their endpoint closed; `passing` as given."""

    def __init__(self, closed: int, passing: bool = True) -> None:
        super().__init__()
        self._closed, self._passing = closed, passing

    async def speak(self, scene: ClientScene) -> ClientTurn:
        if self._closed:
            self._closed -= 1
            raise EndpointDown("http://here", "reset", "start the server", 0.0, self._passing)
        return await super().speak(scene)
