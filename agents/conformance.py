"""The contract of each role as a suite: what holds our own implementations, open to yours.

    await check_therapist(MyTherapist())

Each check plays the role on sample scenes and raises ConformanceError naming every clause that does
not hold.
"""

from dataclasses import replace
from typing import Any

from mirrorplay.agents.custom import check_fit
from mirrorplay.agents.roles import (
    Client,
    ClientScene,
    ClientTurn,
    Face,
    FaceArtist,
    FaceBrief,
    Image,
    Judge,
    ObservedLine,
    Perceiver,
    Review,
    Scores,
    Screenplay,
    ScreenplayBrief,
    Screenwriter,
    SpokenLine,
    Supervisor,
    SupervisorScene,
    Therapist,
    TherapistScene,
    TherapistTurn,
    Transcript,
)
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Intake, Persona, ResistanceProfile
from mirrorplay.policies.acts import CLIENT_ACTS, THERAPIST_ACTS
from mirrorplay.policies.expression import Expression, Perception
from mirrorplay.policies.reframing import Plan
from mirrorplay.policies.screenplay import parse_screenplay
from mirrorplay.policies.seeds import Draws
from mirrorplay.policies.stopping import OUTCOMES

SAMPLE_PERSONA = Persona(
    id="sample-client",
    intake=Intake(name="Robin Vale", age=34, occupation="bus driver", reason="I can't sleep."),
    resistance=ResistanceProfile(type="cognitive"),
)
_DRAWS = Draws(1, SAMPLE_PERSONA.id, 0)
_LINES = (
    SpokenLine("client", "I don't really know why I'm here."),
    SpokenLine("therapist", "You're not sure this is for you. What made today the day?"),
)


class ConformanceError(AssertionError):
    """One line for each clause that does not hold."""


class _Clauses:
    def __init__(self, role: str, part: object) -> None:
        self.role, self.part, self.broken = role, part, list[str]()
        try:
            check_fit(role, part, role)
        except UserError as error:
            raise ConformanceError(str(error)) from None

    def hold(self, clause: bool, text: str) -> None:
        if not clause:
            self.broken.append(text)

    def close(self) -> None:
        if self.broken:
            name = type(self.part).__name__
            lines = "\n".join(f"  - {text}" for text in self.broken)
            raise ConformanceError(f"{name} is not a {self.role}:\n{lines}")


def client_scene(**changes: Any) -> ClientScene:
    """The opening of a session; `changes` replace fields."""
    scene = ClientScene(
        persona=SAMPLE_PERSONA,
        profile=SAMPLE_PERSONA.resistance,
        state=None,
        lines=(),
        reply=None,
        exchange=1,
        max_exchanges=10,
        turn=0,
        disclosed=(),
        phrases=(),
        acts=(),
        draws=_DRAWS,
    )
    return replace(scene, **changes)


def therapist_scene(**changes: Any) -> TherapistScene:
    """The first reply of a session; `changes` replace fields."""
    scene = TherapistScene(
        card=SAMPLE_PERSONA.card,
        lines=_LINES[:1],
        image=None,
        perception=None,
        plan=None,
        exchange=1,
        max_exchanges=10,
        turn=1,
        leaving=False,
        phrases=(),
        draws=_DRAWS,
    )
    return replace(scene, **changes)


async def check_client(client: Client) -> None:
    """Opens a session and goes on: words, a known act, an expression."""
    clauses = _Clauses("client", client)
    first = await client.speak(client_scene())
    _client_turn(clauses, first, "opening")
    if isinstance(first, ClientTurn):
        reply = TherapistTurn(_LINES[1].text)
        second = await client.speak(
            client_scene(
                state=first.state,
                lines=(SpokenLine("client", first.text), _LINES[1]),
                reply=reply,
                exchange=2,
                turn=2,
                phrases=first.phrases,
                acts=(first.act,),
            )
        )
        _client_turn(clauses, second, "second turn, after a reply without acts")
    clauses.close()


def _client_turn(clauses: _Clauses, turn: object, at: str) -> None:
    if not isinstance(turn, ClientTurn):
        clauses.hold(False, f"{at}: speak returned {type(turn).__name__}, not ClientTurn")
        return
    clauses.hold(bool(turn.text.strip()), f"{at}: no words")
    clauses.hold(turn.act in CLIENT_ACTS, f"{at}: act {turn.act!r} is not a ClientAct")
    clauses.hold(isinstance(turn.expression, Expression), f"{at}: no Expression")


async def check_therapist(therapist: Therapist) -> None:
    """Plans and replies at the start, in the middle, at the end, and when the client leaves."""
    clauses = _Clauses("therapist", therapist)
    plan = await therapist.plan(therapist_scene())
    clauses.hold(isinstance(plan, Plan), f"plan returned {type(plan).__name__}, not Plan")
    if isinstance(plan, Plan):
        clauses.hold(bool(plan.steps), "plan has no steps")
    kept = plan if isinstance(plan, Plan) else None
    scenes = {
        "first reply": therapist_scene(),
        "with a plan": therapist_scene(plan=kept),
        "last exchange": therapist_scene(exchange=10, turn=19),
        "client leaving": therapist_scene(exchange=3, turn=5, leaving=True),
        "empty words": therapist_scene(lines=(SpokenLine("client", "…"),)),
    }
    for at, scene in scenes.items():
        turn = await therapist.respond(scene)
        if not isinstance(turn, TherapistTurn):
            clauses.hold(False, f"{at}: respond returned {type(turn).__name__}, not TherapistTurn")
            continue
        clauses.hold(bool(turn.text.strip()), f"{at}: no words")
        unknown = [act for act in turn.acts or () if act not in THERAPIST_ACTS]
        clauses.hold(not unknown, f"{at}: acts {unknown} are not TherapistActs")
        clauses.hold(turn.stage is None or turn.stage >= 0, f"{at}: negative stage")
    clauses.close()


async def check_supervisor(supervisor: Supervisor) -> None:
    """Reviews an exchange and stops a session at its limit."""
    clauses = _Clauses("supervisor", supervisor)
    lines = tuple(ObservedLine(index, line.speaker, line.text) for index, line in enumerate(_LINES))
    for at, exchange, leaving in (("first", 1, False), ("last", 10, False), ("leaving", 3, True)):
        scene = SupervisorScene(lines, exchange, 10, leaving, planned=False)
        review = await supervisor.review(scene)
        if not isinstance(review, Review):
            clauses.hold(False, f"{at}: review returned {type(review).__name__}, not Review")
            continue
        clauses.hold(
            review.outcome is None or review.outcome in OUTCOMES,
            f"{at}: outcome {review.outcome!r} is not an Outcome",
        )
        clauses.hold(
            (review.outcome is None) == (review.ended_by is None),
            f"{at}: outcome and ended_by go together",
        )
        if at != "first":
            clauses.hold(review.outcome is not None, f"{at}: the session must stop here")
    clauses.close()


async def check_judge(judge: Judge) -> None:
    """Scores a short transcript: named items, raters, evidence that exists."""
    clauses = _Clauses("judge", judge)
    lines = tuple(
        ObservedLine(index, line.speaker, line.text, None, ())
        for index, line in enumerate(_LINES * 3)
    )
    scores = await judge.score(Transcript(SAMPLE_PERSONA.card, lines, "max_exchanges"))
    if not isinstance(scores, Scores):
        clauses.hold(False, f"score returned {type(scores).__name__}, not Scores")
        clauses.close()
        return
    for score in scores.scores:
        clauses.hold(bool(score.instrument and score.item and score.rater), f"{score} has no name")
        clauses.hold(
            all(0 <= index < len(lines) for index in score.evidence),
            f"{score.instrument}.{score.item}: evidence outside the transcript",
        )
    clauses.close()


async def check_artist(artist: FaceArtist) -> None:
    """Draws an image, or says by its attempts why there is none."""
    clauses = _Clauses("face", artist)
    brief = FaceBrief("sample-client", 34, None, SAMPLE_PERSONA.appearance, Expression(), 128, 1)
    face = await artist.draw(brief)
    if not isinstance(face, Face):
        clauses.hold(False, f"draw returned {type(face).__name__}, not Face")
    elif face.image is None:
        clauses.hold(bool(face.attempts), "no image and no attempts that say why")
    else:
        image = face.image
        clauses.hold(image.mime in ("image/jpeg", "image/png", "image/webp"), "unknown mime type")
        clauses.hold(image.width > 0 and image.height > 0 and bool(image.data), "empty image")
    clauses.close()


async def check_perceiver(perceiver: Perceiver, image: Image) -> None:
    """Reads an image."""
    clauses = _Clauses("perceiver", perceiver)
    seen = await perceiver.look(image)
    clauses.hold(isinstance(seen, Perception), f"look returned {type(seen).__name__}")
    clauses.close()


async def check_writer(writer: Screenwriter) -> None:
    """Writes a session that can be read back into at least one exchange."""
    clauses = _Clauses("writer", writer)
    brief = ScreenplayBrief(SAMPLE_PERSONA, SAMPLE_PERSONA.resistance, "text", 4, _DRAWS)
    play = await writer.write(brief)
    if isinstance(play, Screenplay):
        lines = parse_screenplay(play.text, SAMPLE_PERSONA.intake.name).lines
        clauses.hold(len(lines) >= 2, "no exchange can be read from the page")
    else:
        clauses.hold(False, f"write returned {type(play).__name__}, not Screenplay")
    clauses.close()
