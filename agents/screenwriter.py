"""A screenplay writer that needs no model: the scripted client and therapist, written down.

MIRROR's own data path lets one call write both sides. Here two agents are played against each other
and only their words and the client's stage directions reach the page.
"""

from dataclasses import replace

from mirrorplay.agents.client import ScriptedClient
from mirrorplay.agents.roles import (
    Client,
    ClientScene,
    Screenplay,
    ScreenplayBrief,
    SpokenLine,
    Therapist,
    TherapistScene,
    TherapistTurn,
)
from mirrorplay.agents.therapist import ScriptedTherapist
from mirrorplay.policies.reframing import Plan
from mirrorplay.policies.state import ClientState

_ENDS_ON = {"committing", "insight", "change_talk"}


class ScriptedScreenwriter:
    """Writes `Client: [direction] words` and `Therapist: words`, one turn a line.

    client, therapist: who is played and written down; by default the scripted ones.
    """

    def __init__(self, client: Client | None = None, therapist: Therapist | None = None) -> None:
        self._client = client or ScriptedClient()
        self._therapist = therapist or ScriptedTherapist(mode="p")

    async def write(self, brief: ScreenplayBrief) -> Screenplay:
        client, therapist = self._client, self._therapist
        lines: list[SpokenLine] = []
        page: list[str] = []
        said: list[str] = []
        replied: list[str] = []
        disclosed: list[str] = []
        acts: list[str] = []
        state: ClientState | None = None
        reply: TherapistTurn | None = None
        plan: Plan | None = None
        for exchange in range(1, brief.max_exchanges + 1):
            spoke = await client.speak(
                ClientScene(
                    persona=brief.persona,
                    profile=brief.profile,
                    state=state,
                    lines=tuple(lines),
                    reply=reply,
                    exchange=exchange,
                    max_exchanges=brief.max_exchanges,
                    turn=len(lines),
                    disclosed=tuple(disclosed),
                    phrases=tuple(said),
                    acts=tuple(acts),  # type: ignore[arg-type]  # only ClientActs are appended
                    draws=brief.draws,
                )
            )
            state = spoke.state
            said += spoke.phrases
            disclosed += spoke.disclosed
            acts.append(spoke.act)
            lines.append(SpokenLine("client", spoke.text))
            page.append(f"Client: [{spoke.stage_direction}] {spoke.text}")
            last = exchange == brief.max_exchanges or (
                exchange >= 4 and len(acts) >= 3 and all(act in _ENDS_ON for act in acts[-3:])
            )
            scene = TherapistScene(
                card=brief.persona.card,
                lines=tuple(lines),
                image=None,
                perception=None,
                plan=plan,
                exchange=brief.max_exchanges if last else exchange,
                max_exchanges=brief.max_exchanges,
                turn=len(lines),
                leaving=spoke.leaving,
                phrases=tuple(replied),
                draws=brief.draws.bound("therapist"),
            )
            if brief.mode in ("p", "p+ec") and plan is None:
                plan = await therapist.plan(scene)
                scene = replace(scene, plan=plan)
            reply = await therapist.respond(scene)
            replied += reply.phrases
            if plan is not None and reply.stage is not None:
                plan = plan.model_copy(update={"stage": min(reply.stage, len(plan.steps))})
            lines.append(SpokenLine("therapist", reply.text))
            page.append(f"Therapist: {reply.text}")
            if last or spoke.leaving:
                break
        return Screenplay("\n".join(page))
