"""A therapist played by a model, in five arms that open identically.

| arm | sees at each client turn after the first |
| --- | --- |
| text | the words |
| base | the words and the picture |
| p | the words, the picture, and its plan |
| ec | the words, the picture, and a caption that was written from the picture alone |
| p+ec | all of these |

The first reply is asked for in the same words in every arm, from the card and the client's opening
alone. One plan is kept until the graph asks for another; a step counts as done when it was put to a
client who was going along. What the model meant it cannot say: acts and manner stay None, and the
client appraises the words.
"""

import re
from functools import partial

from mirrorplay.agents.minds.budget import Budget
from mirrorplay.agents.minds.planning import example_plan, format_plan, parse_plan, techniques_text
from mirrorplay.agents.minds.reading import Style, check_style
from mirrorplay.agents.minds.tape import card_text, spoken_text
from mirrorplay.agents.models.bill import tell
from mirrorplay.agents.models.message import Message, assistant, system, user
from mirrorplay.agents.models.mind import Mind, MindFailed, Unreadable
from mirrorplay.agents.prompts.catalogue import fence, plain, prompt
from mirrorplay.agents.roles import MODES, Image, Mode, TherapistScene, TherapistTurn
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.policies.listening import hear
from mirrorplay.policies.reframing import Plan, should_advance
from mirrorplay.policies.safety import screen
from mirrorplay.policies.screenplay import parse_utterance, whole_sentences

PLANNING: frozenset[Mode] = frozenset({"p", "p+ec"})
CAPTIONED: frozenset[Mode] = frozenset({"ec", "p+ec"})
CRISIS_LINE = "your local emergency number"
_CRISIS_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029<>{}]{1,120}")
_SPOKEN = re.compile(r"\w")


class ModelTherapist:
    """A therapist with a model. `mode` is the arm; `crisis_line` a noun phrase said when somebody
    may be in danger; `budget` what the model's context holds; `style` "brief" a few lines for a
    model too small for the whole prompt. Raises UserError for an unknown mode or style or a line
    that cannot be said, MindFailed where no words or no plan came back."""

    def __init__(
        self,
        mind: Mind,
        mode: str = "text",
        crisis_line: str = CRISIS_LINE,
        budget: Budget | None = None,
        style: Style = "full",
    ) -> None:
        check_style("therapist.style", style)
        if mode not in MODES:
            raise UserError(
                f"unknown therapist mode {mode!r}",
                where="therapist.mode",
                allowed=MODES,
                hint=nearest(mode, MODES),
            )
        if not crisis_line.strip() or not _CRISIS_LINE.fullmatch(crisis_line):
            raise UserError(
                f"crisis line {crisis_line[:40]!r} cannot be said",
                where="therapist.crisis_line",
                allowed="1–120 printable characters on one line, without < > { }",
            )
        self.mode = mode
        self.crisis_line = crisis_line.strip()
        self._style = style
        self._mind = mind
        self._budget = budget or Budget()

    async def plan(self, scene: TherapistScene) -> Plan:
        """A technique and steps, from the card and what was said; the face plays no part, so that
        `p` and `p+ec` plan alike."""
        answer = await self._mind.ask(
            plan_messages(scene),
            seed=scene.draws.seed(scene.turn, "therapist", "model_plan"),
            read=parse_plan,
            turn=scene.turn,
            purpose="plan",
        )
        tell(answer.usage)
        if answer.value is None:
            raise MindFailed(f"no plan could be read: {answer.failure}")
        return answer.value

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        answer = await self._mind.ask(
            self.messages(scene),
            seed=scene.draws.seed(scene.turn, "therapist", "model"),
            read=partial(_read, name=scene.card.name),
            turn=scene.turn,
        )
        if answer.value is None:
            raise MindFailed(f"no reply could be read: {answer.failure}")
        return TherapistTurn(
            text=whole_sentences(answer.value) if answer.cut else answer.value,
            stage=self._stage(scene),
            usage=answer.usage,
        )

    def messages(self, scene: TherapistScene) -> list[Message]:
        """What the model is given, within the budget."""
        head = system(self._head(scene))
        *earlier, now = _client_first(scene)
        faces = self._faces(scene, sum(line.role == "user" for line in earlier))
        turns: list[Message] = []
        for message in earlier:
            if message.role == "assistant":
                turns.append(message)
                continue
            shown = faces.pop(0)
            turns.append(user(*([shown] if shown else []), self._words(message.text, [])))
        image = faces[-1]
        notes = self._notes(scene, now.text, image is not None)
        turns.append(user(*([image] if image else []), self._words(now.text, notes)))
        return self._budget.fit([head], turns)

    def _head(self, scene: TherapistScene) -> str:
        if self._style == "full":
            return prompt("therapist/system").render(
                card=card_text(scene.card), crisis_line=self.crisis_line
            )
        return prompt("therapist/brief_system").render(
            name=plain(scene.card.name),
            reason=fence(scene.card.reason or "Not known.", "reason"),
            crisis_line=self.crisis_line,
        )

    def _words(self, words: str, notes: list[str]) -> str:
        """The client's words, with the notes before them."""
        if self._style == "brief" and not notes:
            return plain(words)
        said = fence(words, "client")
        if not notes:
            return prompt("therapist/words").render(words=said)
        return prompt("therapist/notes").render(notes="\n\n".join(notes), words=said)

    def _faces(self, scene: TherapistScene, earlier: int) -> list[Image | None]:
        """A picture or none for each client turn, the last one's at the end. Earlier pictures are
        there too, as far as the budget goes; the first turn's never is."""
        if self.mode == "text":
            return [None] * (earlier + 1)
        carried = scene.faces
        old = [*([None] * earlier), *carried[:earlier]][-earlier:] if earlier else []
        if old:
            old[0] = None
        return [*old, scene.image if earlier else None]

    def _notes(self, scene: TherapistScene, words: str, face: bool) -> list[str]:
        first = not any(line.speaker == "therapist" for line in scene.lines)
        notes: list[str] = []
        if not first:
            if face:
                notes.append(prompt("therapist/face").render())
            if self.mode in CAPTIONED and scene.perception and scene.perception.caption:
                caption = fence(scene.perception.caption, "caption")
                notes.append(prompt("therapist/caption").render(caption=caption))
            if self.mode in PLANNING and scene.plan:
                notes.append(_plan_note(scene.plan))
        if screen(words, _before(scene)):
            notes.append(prompt("therapist/crisis").render(crisis_line=self.crisis_line))
        if scene.leaving:
            notes.append(prompt("therapist/leaving").render())
        elif scene.exchange >= scene.max_exchanges:
            notes.append(prompt("therapist/closing").render())
        return notes

    def _stage(self, scene: TherapistScene) -> int | None:
        if scene.plan is None or self.mode not in PLANNING:
            return None
        said = [line.text for line in scene.lines if line.speaker == "client"]
        shown = any(line.speaker == "therapist" for line in scene.lines)
        goes_along = bool(said) and should_advance(hear(said[-1], _before(scene)), scene.plan)
        return scene.plan.stage + (shown and goes_along)


def plan_messages(scene: TherapistScene) -> list[Message]:
    """What a plan is asked for with."""
    return [
        user(
            prompt("therapist/plan").render(
                card=card_text(scene.card),
                session=spoken_text(scene.lines),
                techniques=techniques_text(),
                form=format_plan(example_plan()),
            )
        )
    ]


def _client_first(scene: TherapistScene) -> list[Message]:
    """The session as turns that alternate and begin and end with the client's."""
    turns: list[Message] = []
    for line in scene.lines:
        role = "user" if line.speaker == "client" else "assistant"
        if turns and turns[-1].role == role:
            turns[-1] = Message(turns[-1].role, (f"{turns[-1].text} {line.text}",))
        elif turns or role == "user":
            turns.append(user(line.text) if role == "user" else assistant(plain(line.text)))
    if not turns or turns[-1].role != "user":
        turns.append(user("\u2026"))
    return turns


def _plan_note(plan: Plan) -> str:
    name = "plan_done" if plan.stage >= len(plan.steps) else "plan_step"
    values = {} if name == "plan_done" else {"number": str(plan.stage + 1)}
    return prompt("therapist/plan_note").render(
        plan=fence(format_plan(plan), "plan"), step=prompt(f"therapist/{name}").render(**values)
    )


def _before(scene: TherapistScene) -> str | None:
    """What the therapist said before the client's last words."""
    return next((line.text for line in reversed(scene.lines) if line.speaker == "therapist"), None)


def _read(text: str, name: str) -> str:
    words = parse_utterance(text, "therapist", name).text
    if not _SPOKEN.search(words):
        raise Unreadable("there are no spoken words in it; write only what the therapist says")
    return words
