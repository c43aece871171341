"""The scripted therapist: five policies, each in good or poor manner, with or without a CBT plan.

It sees what a therapist sees and remembers nothing: which phrases it used, and so what it has done,
comes with the scene. Listening hears, the policy decides, the phrase bank words it; manner is read
off the words that were really said. A crisis is answered before any policy is asked, by all alike.
The first reply is the same in every mode.
"""

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

from mirrorplay.agents.roles import (
    MODES,
    Mode,
    Perceiver,
    TherapistManner,
    TherapistPolicy,
    TherapistScene,
    TherapistTurn,
)
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.policies import (
    confrontational,
    directive,
    eliza,
    reframing,
    rolling,
    scattered,
)
from mirrorplay.policies.acts import Manner
from mirrorplay.policies.expression import Perception
from mirrorplay.policies.listening import Clause, Heard, hear
from mirrorplay.policies.manner import poorly
from mirrorplay.policies.moves import SAID, Beat, Moment, Move
from mirrorplay.policies.phrasing.bank import BANK_A, load_bank
from mirrorplay.policies.phrasing.therapist import (
    client_slots,
    hedging,
    last_reply_keys,
    own_keys,
    permission_asked,
    word,
)
from mirrorplay.policies.reframing import Plan, Step
from mirrorplay.policies.safety import screen, screen_therapist
from mirrorplay.policies.seeing import weigh

POLICIES: tuple[TherapistPolicy, ...] = get_args(TherapistPolicy)
MANNERS: tuple[TherapistManner, ...] = get_args(TherapistManner)
PLANNING: tuple[Mode, ...] = ("p", "p+ec")
"""Arms that work on a plan."""
ECHO_FIT = 0.1
"""How much better a reply fits that has the client's own words in it (H)."""
CAPTIONED: tuple[Mode, ...] = ("ec", "p+ec")
"""Arms in which a caption of the face is written first."""
NAMES_MISMATCH = ("seen", "always")
CLAIMED_FROM = 3
"""First exchange at which the control claims a mismatch (H)."""
OWN_WORDS = 0.7
"""How often a plan step is put in words that hold some of the client's, where there are any (H)."""
STEP_TRIES = 2
"""How often one plan step is put to the client before the plan moves on (H)."""
_FIRST_NAME = re.compile(r"[^\W\d_][\w'\u2019-]{1,19}")
_TITLES = frozenset(
    ("mr", "mrs", "ms", "miss", "dr", "prof", "sir", "madam", "client", "patient", "anonymous")
)
Policy = Callable[[Heard, Moment, random.Random], Move]
"""What decides on the next move."""
_CRISIS_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,120}")


class ScriptedTherapist:
    """A therapist without a model.

    policy: how it decides. manner: `good` or `poor`, how it does what it decides. mode: the arm.
    crisis_line: a noun phrase that is said when somebody may be in danger, 1–120 printable
    characters. bank: directory of phrase files. eyes: what reads the image in mode `base`, where no
    caption is written first. names_mismatch: `seen`, or `always`, a control that claims to see one.
    Raises UserError for anything else.

    `text` and `p` go by the words. `base` has what was read from the image as numbers; `ec` and
    `p+ec` have the caption too, and weigh it against the words (`policies/seeing.py`).
    """

    def __init__(
        self,
        policy: str = "mi_consistent",
        mode: str = "text",
        crisis_line: str = "your local emergency number",
        bank: Path = BANK_A,
        manner: str = "good",
        eyes: Perceiver | None = None,
        names_mismatch: str = "seen",
    ) -> None:
        if manner not in MANNERS:
            raise UserError(
                f"unknown therapist manner {manner!r}",
                where="therapist.manner",
                allowed=MANNERS,
                hint=nearest(manner, MANNERS),
            )
        if policy not in POLICIES:
            raise UserError(
                f"unknown therapist policy {policy!r}",
                where="therapist.policy",
                allowed=POLICIES,
                hint=nearest(policy, POLICIES),
            )
        if mode not in MODES:
            raise UserError(
                f"unknown therapist mode {mode!r}",
                where="therapist.mode",
                allowed=MODES,
                hint=nearest(mode, MODES),
            )
        if mode == "base" and eyes is None:
            raise UserError(
                "mode 'base' has to read the image itself",
                where="therapist.mode",
                hint="pass eyes, such as EmbeddedPerceiver()",
            )
        if names_mismatch not in NAMES_MISMATCH:
            raise UserError(
                f"unknown choice {names_mismatch!r}",
                where="therapist.names_mismatch",
                allowed=NAMES_MISMATCH,
                hint=nearest(names_mismatch, NAMES_MISMATCH),
            )
        if not crisis_line.strip() or not _CRISIS_LINE.fullmatch(crisis_line):
            raise UserError(
                f"crisis line {crisis_line[:40]!r} cannot be said",
                where="therapist.crisis_line",
                allowed="1–120 printable characters on one line",
            )
        self.policy = policy
        self.manner = manner
        self.mode = mode
        self.crisis_line = crisis_line.strip()
        self._eyes = eyes
        self._claims = names_mismatch == "always"
        self._bank = load_bank(bank)

    async def plan(self, scene: TherapistScene) -> Plan:
        """A technique and its steps, from the card and what the client has said."""
        said = [line.text for line in scene.lines if line.speaker == "client"]
        return reframing.plan_for(scene.card, said, scene.draws.at(scene.turn, "therapist", "plan"))

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        """One reply to the client's last words."""
        heard = _listen(scene)
        now = heard[-1] if heard else hear("")
        spoken, before = _last_words(scene)
        face = await self._look(scene)
        moment = _moment(scene, heard[:-1], spoken, face)
        findings = screen(spoken, before)
        if findings:
            categories = {one.category for one in findings}
            return self._say(rolling.safety(categories, moment), scene, [], None)
        if moment.count("safety_inquiry"):
            return self._say(rolling.after_safety(moment), scene, [], None)
        if face is not None and self.mode in CAPTIONED:
            now = weigh(now, face.caption)
        heard[-1:] = [now := replace(now, clause=_fresh(now.clause, scene))]
        stage: int | None = None
        if scene.plan is not None and self.mode in PLANNING and self.policy in _ON_PLAN:
            stage = scene.plan.stage
            if moment.earlier:
                on_plan = _ON_PLAN[self.policy]
                moment, stage = on_plan(scene.plan, now, moment, scene)
        turn = self._say(self._choose(now, moment, scene), scene, heard, stage)
        if screen_therapist(turn.text):
            # A client's own words can be harm in a therapist's mouth ("it's your fault").
            bare = replace(now, clause=None)
            move = replace(self._choose(bare, moment, scene), said=None)
            turn = self._say(move, scene, [bare], stage)
        return turn

    async def _look(self, scene: TherapistScene) -> Perception | None:
        """What there is to see in this arm: in `base` from the image, else what was written."""
        if self._eyes is not None and scene.image is not None and self.mode == "base":
            return await self._eyes.look(scene.image)
        return scene.perception if self.mode in CAPTIONED else None

    def _choose(self, now: Heard, moment: Moment, scene: TherapistScene) -> Move:
        rng = scene.draws.at(scene.turn, "therapist", "move")
        move = _POLICIES[self.policy](now, moment, rng)
        due = moment.exchange >= CLAIMED_FROM and not moment.last and not moment.leaving
        if self._claims and due and not now.discord and not moment.count("naming_mismatch"):
            move = rolling.claim_mismatch(now, moment, rng)
        return poorly(move, moment) if self.manner == "poor" else move

    def _say(
        self, move: Move, scene: TherapistScene, heard: list[Heard], stage: int | None
    ) -> TherapistTurn:
        """The move in words, with what can be read off them."""
        taken_up = heard[:-1] if self.manner == "poor" else heard
        slots = {
            **client_slots(taken_up),
            "name": _first_name(scene.card.name),
            "crisis_line": self.crisis_line,
        }
        if move.said is not None or self.manner == "poor":
            slots["you_clause"] = move.said
        draws = scene.draws.after(_last_words(scene)[0], scene.turn, "therapist", "words")
        wording = word(move, slots, scene.phrases, self._bank, draws)
        echo = ECHO_FIT if wording.echoes and self.manner == "good" else 0.0
        return TherapistTurn(
            text=wording.text,
            acts=wording.acts,
            manner=Manner(
                permission=permission_asked(wording.text),
                hedging=hedging(wording.text),
                words=len(wording.text.split()),
                fit=min(1.0, move.fit + echo),
            ),
            stage=stage,
            phrases=wording.phrases,
            note=move.note,
        )


def _listen(scene: TherapistScene) -> list[Heard]:
    """Every client turn as heard, oldest first."""
    heard, before = [], ""
    for line in scene.lines:
        if line.speaker == "client":
            heard.append(hear(line.text, before))
        else:
            before = line.text
    return heard


def _last_words(scene: TherapistScene) -> tuple[str, str | None]:
    """The client's last words and the therapist's before them."""
    spoken, before = "", None
    for line in reversed(scene.lines):
        if line.speaker == "client" and not spoken:
            spoken = line.text
        elif line.speaker == "therapist" and spoken:
            before = line.text
            break
    return spoken, before


def _moment(
    scene: TherapistScene, earlier: list[Heard], spoken: str, face: Perception | None
) -> Moment:
    keys = own_keys(scene.phrases)
    homework = reframing.homework_keys()
    earlier = [replace(one, clause=_fresh(one.clause, scene)) for one in earlier]
    return Moment(
        exchange=max(scene.exchange, len(earlier) + 1),
        max_exchanges=scene.max_exchanges,
        leaving=scene.leaving,
        earlier=tuple(earlier),
        used=Counter(keys),
        recent=frozenset(keys[-4:]),
        homework=any(key.startswith(("homework", *homework)) for key in keys),
        spoken=spoken,
        face=face,
    )


def _on_plan(plan: Plan, now: Heard, moment: Moment, scene: TherapistScene) -> tuple[Moment, int]:
    """The step to work on, and the stage. Held unless the client goes along; homework waits until
    it is late and the client has spoken of change."""
    step = reframing.step_of(plan)
    if step is None or not reframing.should_advance(now, plan):
        return moment, plan.stage
    stage = plan.stage
    tries = moment.count(step.key)
    last = last_reply_keys(scene.phrases)
    if tries >= STEP_TRIES or (tries and any(key.startswith(step.key) for key in last)):
        stage += 1
        step = reframing.step_of(plan.model_copy(update={"stage": stage}))
    if step is not None and step.act == "homework_cocreated":
        ready = moment.late and moment.change_heard(now)
        if not ready or moment.homework:
            return moment, stage
    if step is None:
        return moment, stage
    return replace(moment, step=_step(step, scene)), stage


def _in_order(plan: Plan, now: Heard, moment: Moment, scene: TherapistScene) -> tuple[Moment, int]:
    """The next step whether or not the client goes along, once each; homework is prescribed."""
    stage = plan.stage
    step = reframing.step_of(plan)
    if step is not None and moment.count(step.key):
        stage += 1
        step = reframing.step_of(plan.model_copy(update={"stage": stage}))
    if step is None:
        return moment, stage
    if step.act == "homework_cocreated":
        prescribed = Beat("homework_prescribed", (f"{step.key}.prescribed", "homework_prescribed"))
        return replace(moment, step=prescribed), stage
    return replace(moment, step=_step(step, scene)), stage


def _step(step: Step, scene: TherapistScene) -> Beat:
    """A step as a beat; mostly in words that hold some of the client's."""
    own_words = scene.draws.at(scene.turn, "therapist", "step").random() < OWN_WORDS
    return Beat(step.act, (f"{step.key}{SAID}", step.key) if own_words else (step.key,))


def _fresh(clause: Clause | None, scene: TherapistScene) -> Clause | None:
    """A clause is said back once in a session."""
    if clause is None:
        return None
    low = clause.text.lower()
    spoken = (line.text.lower() for line in scene.lines if line.speaker == "therapist")
    return None if any(low in text for text in spoken) else clause


def _first_name(name: str) -> str | None:
    """What one may be called; None for a title, an initial or anything that is not a name."""
    first = name.split()[0] if name.split() else ""
    return first if _FIRST_NAME.fullmatch(first) and first.lower() not in _TITLES else None


_POLICIES: dict[str, Policy] = {
    "mi_consistent": rolling.choose,
    "directive": directive.choose,
    "confrontational": confrontational.choose,
    "eliza": eliza.choose,
    "random": scattered.choose,
}
_ON_PLAN = {"mi_consistent": _on_plan, "directive": _in_order}
"""How the policies that work on a plan do so; the others are given one and leave it alone."""
