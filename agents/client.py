"""The scripted client: words are chosen by state, not the other way round.

State, act, face and what may be told come from `agents/psyche.py`; the words from a phrase bank.
"""

from pathlib import Path

from mirrorplay.agents.psyche import APPRAISALS, Appraisal, Psyche
from mirrorplay.agents.roles import ClientScene, ClientTurn
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.acts import ClientAct
from mirrorplay.policies.expression import RELIABILITY, Overlay
from mirrorplay.policies.phrasing.bank import BANK_A, Bank, load_bank
from mirrorplay.policies.phrasing.client import phrase
from mirrorplay.policies.phrasing.keys import NEEDED_KEYS, band_of
from mirrorplay.policies.situation import echoed
from mirrorplay.policies.state import ClientState, Dynamics, DynamicsVariant

__all__ = ["APPRAISALS", "Appraisal", "ScriptedClient"]


class ScriptedClient:
    """A client without a model.

    `bank` is a phrase bank or its directory; the rest goes to `Psyche`. Raises UserError for an
    unknown name, or a bank without words for every act.
    """

    def __init__(
        self,
        appraisal: Appraisal = "embedded",
        dynamics: DynamicsVariant = "full",
        bank: Bank | Path | None = None,
        coefficients: Dynamics | None = None,
        display_reliability: float = RELIABILITY,
        overlay: Overlay = "familiar",
    ) -> None:
        self._psyche = Psyche(appraisal, dynamics, coefficients, display_reliability, overlay)
        self._bank = bank if isinstance(bank, Bank) else load_bank(bank or BANK_A)
        missing = sorted(NEEDED_KEYS - self._bank.keys)
        if missing:
            raise UserError(
                f"the phrase bank has no words for {', '.join(missing)}",
                where="phrasing.bank",
                hint="every act, opening, leaving and disclosing.memory need a core without slots",
            )

    async def speak(self, scene: ClientScene) -> ClientTurn:
        intent = self._psyche.intend(scene)
        mine = [line.text for line in scene.lines if line.speaker == "client"]
        words = phrase(
            self._bank,
            intent.act,
            scene.persona,
            scene.profile,
            intent.called_for,
            scene.phrases,
            scene.draws.after(
                _moved_by(scene, intent.act, intent.state), scene.turn, "client", "words"
            ),
            memory=intent.telling.text if intent.telling else None,
            leaving=intent.leaving,
            band=band_of(intent.state, scene.exchange),
            echo=echoed(scene.reply.text, mine[-1]) if scene.reply and mine else None,
            earlier=mine,
        )
        return ClientTurn(
            text=words.text,
            stage_direction=intent.stage_direction,
            act=intent.act,
            state=intent.state,
            expression=intent.expression,
            disclosed=(intent.telling.id,) if intent.telling else (),
            phrases=words.ids,
            leaving=intent.leaving is not None,
        )


def _moved_by(scene: ClientScene, act: ClientAct, state: ClientState) -> str:
    """What the choice of words follows from, beside chance: the act, the state, and the reply but
    for the client's name, which a twin does not share."""
    given = scene.persona.intake.name.split()[0]
    heard = scene.reply.text.replace(given, "") if scene.reply else ""
    return f"{act}/{state.discord:.2f}/{state.ambivalence:.2f}/{heard}"
