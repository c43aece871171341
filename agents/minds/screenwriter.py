"""A whole session written by a model in one call: MIRROR's own data path.

The writer is given the client in full, since it writes both sides; the page is read by
`policies/screenplay.py`.
"""

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from mirrorplay.agents.minds import portrayal
from mirrorplay.agents.minds.planning import format_plan
from mirrorplay.agents.models.message import Message, user
from mirrorplay.agents.models.mind import Mind, MindFailed, Unreadable
from mirrorplay.agents.prompts.catalogue import FOLDER, fence, prompt
from mirrorplay.agents.roles import Screenplay, ScreenplayBrief
from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.schema import ResistanceProfile
from mirrorplay.policies.reframing import Plan, plan_for
from mirrorplay.policies.screenplay import parse_screenplay

NO_PLAN = "There is none. The therapist goes by what comes up."
LEAST_EXCHANGES = 2
"""A page with fewer is asked for again."""


class ModelScreenwriter:
    """Writes with a model. Raises MindFailed where no session could be read off the page, or where
    `max_tokens` cut it: nobody could tell it from one that ends there."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind

    async def write(self, brief: ScreenplayBrief) -> Screenplay:
        answer = await self._mind.ask(
            screenwriter_messages(brief),
            seed=brief.draws.seed(0, "screenwriter", "model"),
            read=partial(_read, brief=brief),
            whole=True,
        )
        if answer.value is None:
            raise MindFailed(f"no session could be read: {answer.failure}")
        return Screenplay(answer.value, answer.usage)


def screenwriter_messages(brief: ScreenplayBrief) -> list[Message]:
    """What the writer is given."""
    persona, idiolect = brief.persona, brief.persona.idiolect
    plan = _plan(brief)
    return [
        user(
            prompt("screenwriter/session").render(
                who=portrayal.whole_person(persona),
                voice=f"{portrayal.voice(idiolect)} {portrayal.usual_length(idiolect)}",
                resistance=_resistance(brief.profile),
                plan=fence(format_plan(plan), "plan") if plan else NO_PLAN,
                exchanges=str(brief.max_exchanges),
            )
        )
    ]


def _plan(brief: ScreenplayBrief) -> Plan | None:
    """The persona's own plan, or one that fits its reason for coming, in arms that plan."""
    if brief.mode not in ("p", "p+ec"):
        return None
    cbt = brief.persona.cbt
    if cbt is not None and cbt.steps:
        return Plan(technique=cbt.technique, steps=cbt.steps)
    return plan_for(brief.persona.card, (), brief.draws.at(0, "screenwriter", "plan"))


def _resistance(profile: ResistanceProfile) -> str:
    table = _table()
    said = [str(table[profile.type])]
    if profile.type != "none":
        said.append(portrayal.banded(table["strength"], profile.intensity))
    if profile.masking >= portrayal.MASKS_FROM:
        said.append(str(table["masking"]))
    return " ".join(said)


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = read_yaml(FOLDER / "screenwriter" / "resistance.yaml").value
    return table


def _read(text: str, brief: ScreenplayBrief) -> str:
    page = text.strip()
    lines = parse_screenplay(page, brief.persona.intake.name).lines
    wanted = min(LEAST_EXCHANGES, brief.max_exchanges)
    if len(lines) < 2 * wanted:
        raise Unreadable(
            f"only {len(lines) // 2} exchanges could be read; write each turn on a line of its own "
            'that begins with "Client:" or "Therapist:"'
        )
    return page
