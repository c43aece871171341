"""The supervisor behind the mirror: codes each exchange, screens it, and says when to stop.

Works on words alone: stage directions, faces and the client's hidden state change nothing here.
"""

from mirrorplay.agents.roles import ObservedLine, Review, SupervisorScene
from mirrorplay.policies.coding.coder import code
from mirrorplay.policies.safety import screen, screen_therapist
from mirrorplay.policies.stopping import decide, suggest_replan


def _last(lines: tuple[ObservedLine, ...], speaker: str) -> ObservedLine | None:
    return next((line for line in reversed(lines) if line.speaker == speaker), None)


class ScriptedSupervisor:
    """The measuring coder, the crisis screen and the stopping rules. Deterministic."""

    async def review(self, scene: SupervisorScene) -> Review:
        """Codes of the last exchange, findings in both speakers' words, continue or stop.

        A finding in the client's words stops the session after the therapist's reply; harmful words
        of the therapist are reported and do not stop it.
        """
        client = _last(scene.lines, "client")
        reply = _last(scene.lines, "therapist")
        if client is not None and reply is not None and reply.index < client.index:
            reply = None
        earlier = tuple(line for line in scene.lines if line is not client and line is not reply)
        before = _last(earlier, "therapist")
        said = client.text if client else ""
        asked = before.text if before else None
        told = [(line.speaker, line.text) for line in earlier]
        client_codes = code(said, "client", told).names if client else ()
        heard = [*told, ("client", said)] if client else told
        findings = screen(said, asked)
        history = [line.codes for line in earlier if line.speaker == "client"]
        if client:
            history.append(client_codes)
        ending = decide(history, scene.exchange, scene.max_exchanges, scene.leaving, findings)
        return Review(
            client_codes=client_codes,
            therapist_codes=code(reply.text, "therapist", heard).names if reply else (),
            safety=(*findings, *(screen_therapist(reply.text) if reply else ())),
            outcome=ending[0] if ending else None,
            ended_by=ending[1] if ending else None,
            replan=ending is None and scene.planned and suggest_replan(history),
        )
