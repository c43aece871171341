"""Small made-up sessions and judges with a known fault."""

import random
from collections.abc import Callable, Sequence

import pytest

from mirrorplay.agents.roles import ObservedLine, Scores, Transcript
from mirrorplay.personas.schema import IntakeCard
from mirrorplay.policies.instruments.score import Score
from mirrorplay.policies.state import ClientState
from mirrorplay.runs.validation.play import POLICIES
from mirrorplay.runs.validation.session import Session

KINDS = ("emotional", "none")
Rule = Callable[[Transcript], dict[tuple[str, str], float]]
WARM, COLD = "I am glad that you told me.", "You should simply stop that."


class RuleJudge:
    """Scores by a rule on the transcript."""

    rater = "made-up:words"

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    async def score(self, transcript: Transcript) -> Scores:
        return Scores(
            tuple(
                Score(instrument=instrument, item=item, value=value, rater=self.rater)
                for (instrument, item), value in self._rule(transcript).items()
            )
        )


def said(transcript: Transcript, speaker: str) -> list[str]:
    return [line.text for line in transcript.lines if line.speaker == speaker]


def session(
    persona: str,
    trust: float,
    policy: str = "mi_consistent",
    manner: str = "good",
    kind: str = "none",
    texts: Sequence[str] = (),
    discord: Sequence[float] = (),
    **traits: object,
) -> Session:
    """A session of four exchanges whose client says its trust in so many words."""
    rng = random.Random(f"{persona}/{policy}/{manner}/{kind}")
    turns = list(texts) or [
        text
        for exchange in range(4)
        for text in (
            f"{'open ' * round(20 * trust)}and {rng.choice('abcdefgh')} {exchange}",
            WARM if rng.random() < (POLICIES.index(policy) + 1) / 5 else COLD,
        )
    ]
    lines = tuple(
        ObservedLine(at, "therapist" if at % 2 else "client", text) for at, text in enumerate(turns)
    )
    exchanges = len(lines) // 2
    shown = list(discord) or [1.0 - trust] * exchanges
    return Session(
        session_id=f"{persona}/{policy}/{manner}/{kind}",
        policy=policy,
        manner=manner,
        persona=persona,
        kind=kind,
        replicate=0,
        card=IntakeCard(name=persona, age=None, gender=None, occupation=None, reason=None),
        traits={"gender": None, "heritage": None, "skin_tone": None, "twin_of": None, **traits},
        lines=lines,
        codes=((),) * len(lines),
        intended=tuple("disclosing" if at % 2 == 0 else "affirm" for at in range(len(lines))),
        states=tuple(
            ClientState(
                trust=trust,
                ambivalence=0.5,
                confrontation=one,
                withdrawal=0.0,
                distress=0.5,
                conviction=0.5,
            )
            for one in shown
        ),
        outcome="max_exchanges",
        stored={},
    )


@pytest.fixture(scope="session")
def many() -> list[Session]:
    """Fifteen people with every policy, manner and two types; trust is the person's and more with
    the better policies."""
    rng = random.Random(5)
    found = []
    for number in range(15):
        own = rng.random()
        for level, policy in enumerate(POLICIES):
            for manner in ("poor", "good"):
                for kind in KINDS:
                    trust = min(1.0, 0.5 * own + 0.08 * level + 0.1 * rng.random())
                    found.append(session(f"person-{number:02}", trust, policy, manner, kind))
    return found


@pytest.fixture
def judging() -> Callable[[Rule], RuleJudge]:
    """A judge from a rule."""
    return RuleJudge


@pytest.fixture
def make() -> Callable[..., Session]:
    """One made-up session."""
    return session
