"""The judge who rates a finished session: CTRS six, WAI three imputed, resistance trajectory.

It codes the words with coder v0 itself, so that a score says what its rater says, whichever
supervisor sat in. Stage directions and faces are not read (variant "words").
"""

from mirrorplay.agents.roles import Scores, Transcript
from mirrorplay.policies.coding.lexical import code_client, code_therapist
from mirrorplay.policies.instruments.rating import rate
from mirrorplay.policies.instruments.tape import CodedLine


class ScriptedJudge:
    """Behavioural scoring without a model; formulas in `policies/instruments/items.yaml`."""

    async def score(self, transcript: Transcript) -> Scores:
        """Every score the words support; what cannot be rated is absent."""
        coded: list[CodedLine] = []
        client: str | None = None
        therapist: str | None = None
        for line in transcript.lines:
            if line.speaker == "client":
                codes = code_client(line.text, therapist)
                client = line.text
            else:
                codes = code_therapist(line.text, client)
                therapist = line.text
            coded.append(CodedLine(line.index, line.speaker, line.text, codes))
        return Scores(scores=rate(coded))
