"""All nine headings over sessions of the validation's own, each played and scored once."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mirrorplay.agents.judge import ScriptedJudge
from mirrorplay.agents.roles import Judge
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.policies.coding.coder import code_tape
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.driver import provenance
from mirrorplay.runs.validation import (
    controls,
    convergence,
    external,
    fairness,
    humans,
    known_groups,
    partner,
    play,
    reliability,
    sensitivity,
)
from mirrorplay.runs.validation.annomi import read_transcripts
from mirrorplay.runs.validation.controls import Faces
from mirrorplay.runs.validation.convergence import Codes
from mirrorplay.runs.validation.finding import NUMBERS, Finding, Heading, finding, not_tested
from mirrorplay.runs.validation.measure import Table, score
from mirrorplay.runs.validation.report import check_page, check_writable
from mirrorplay.runs.validation.session import Session, read_sessions
from mirrorplay.runs.validation.statistics import Interval

CODER_AIMS = {"therapist": 0.75, "client": 0.52}
"""Macro-F1 that the coder must reach."""
HEADINGS = NUMBERS
_RESTS_ON: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("I", "III", "IV", "V", "VII", "VIII"), ("second",)),
    "II": ("first", "second"),
    "VI": ("twins", "second"),
    "IX": (),
}
"""Which sessions a heading reads."""
_FOLDERS = {"first": "bank-a-1", "second": "bank-b-1", "twins": "twins-1"}
PERSONAS, REPLICATES = 40, 1


@dataclass
class Suite:
    """What the checks share. Nothing is played or scored before a heading asks for it."""

    out: Path
    personas: int = PERSONAS
    replicates: int = REPLICATES
    annomi: Path | None = None
    executor: str = "ray"
    seed: int = play.SEED
    judge: Judge = field(default_factory=ScriptedJudge)
    told: Callable[[str], None] = lambda line: None

    def headings(self, only: Sequence[str] = HEADINGS) -> Iterator[Heading]:
        """The headings asked for, in their order, as they are done."""
        checks: dict[str, Callable[[], Heading]] = {
            "I": lambda: known_groups.check(self.second, self.second_table, self.judge, self.seed),
            "II": lambda: reliability.check(
                self.first,
                self.first_table,
                self.second,
                self.second_table,
                self.judge,
                self.seed,
            ),
            "III": lambda: convergence.check(self.second, self.second_table, self.codes, self.seed),
            "IV": lambda: partner.check(self.second, self.second_table, self.judge, self.seed),
            "V": lambda: sensitivity.check(self.second, self.second_table, self.judge, self.seed),
            "VI": lambda: fairness.check(
                self.twins,
                self._scored(self.twins),
                self.second,
                self.second_table,
                self.judge,
                self.seed,
            ),
            "VII": lambda: controls.check(
                self.second, self.second_table, self.judge, self.seed, self.faces
            ),
            "VIII": lambda: external.check(
                self.second, self.codes, self.judge, self.annomi, self.seed, coder_against_experts
            ),
            "IX": lambda: humans.check([self.out / f"bank-{bank}-1" for bank in "ab"]),
        }
        for number in HEADINGS:
            if number in only:
                self.told(f"{number} …")
                found = checks[number]()
                yield found.model_copy(update={"setup": self.setup((number,))})

    def check_inputs(
        self,
        wanted: Sequence[str] = HEADINGS,
        page: Path | None = None,
        json_file: Path | None = None,
    ) -> None:
        """Raises UserError for what could only be found out after minutes of playing: transcripts
        that cannot be read, a page without the marks of these headings, a place that cannot be
        written to."""
        if page is not None:
            check_page(page, wanted)
        if json_file is not None:
            check_writable(json_file, "--json")
        check_writable(self.out, "--out", folder=True)
        if self.annomi is not None:
            read_transcripts(self.annomi)

    def setup(self, headings: Sequence[str] = HEADINGS) -> dict[str, Any]:
        """What the figures of these headings rest on."""
        played = dict.fromkeys(name for number in headings for name in _RESTS_ON[number])
        found: dict[str, Any] = {
            "personas": self.personas,
            "replicates": self.replicates,
            "seed": self.seed,
            "judge": getattr(self.judge, "rater", type(self.judge).__name__),
            "sessions": sum(len(self.__dict__.get(name, ())) for name in played),
        }
        if "VIII" in headings:
            found["coded transcripts"] = "none" if self.annomi is None else self.annomi.name
        folders = [_FOLDERS[name] for name in played]
        if "VII" in headings:
            folders.append("faces-1")
        current = self._current(folders)
        found["version of data"] = provenance([], ())["data_sha256"][:8]
        found["played with this version"] = "yes" if current else "no: remove --out to renew"
        return found

    def _current(self, folders: Sequence[str]) -> bool:
        """Whether the sessions were played with the phrase banks and coefficients of now."""
        now = provenance([], ())["data_sha256"]
        there = [self.out / name for name in folders]
        played = [
            RunDirectory.open(path).manifest()["provenance"] for path in there if path.is_dir()
        ]
        return all(one.get("data_sha256") == now for one in played)

    @cached_property
    def first(self) -> list[Session]:
        """Known groups in the words of bank a."""
        return self._groups("a")

    @cached_property
    def second(self) -> list[Session]:
        """The same clients and therapists in the words of bank b."""
        return self._groups("b")

    @cached_property
    def first_table(self) -> Table:
        return self._scored(self.first)

    @cached_property
    def second_table(self) -> Table:
        return self._scored(self.second)

    @cached_property
    def codes(self) -> list[Codes]:
        """The measuring coder's codes of every turn, read now."""
        return [[line.codes for line in code_tape(one.lines)] for one in self.second]

    @cached_property
    def twins(self) -> list[Session]:
        """Originals and counterfactual twins."""
        self.told("originals and twins")
        config = play.twins_config(self.out, self.personas, self.executor)
        return read_sessions(play.played(config).path)

    @cached_property
    def faces(self) -> Faces | None:
        """A few sessions with faces and a judge that looks at them, where there is one."""
        if "variant" not in inspect.signature(ScriptedJudge).parameters:
            return None
        from mirrorplay.agents.faces.perceiver import EmbeddedPerceiver

        self.told("sessions with faces")
        config = play.faces_config(self.out, min(self.personas, play.FACES), self.executor)
        looking = ScriptedJudge(variant="words+face", eyes=EmbeddedPerceiver())
        return controls.with_faces(play.played(config).path, looking)

    def _groups(self, bank: str) -> list[Session]:
        self.told(f"known groups, bank {bank}")
        config = play.groups_config(self.out, bank, self.personas, self.replicates, self.executor)
        found = read_sessions(play.played(config).path)
        if not found:
            raise UserError("no finished sessions", where=str(self.out))
        return found

    def _scored(self, sessions: Sequence[Session]) -> Table:
        return score(self.judge, (one.transcript for one in sessions))


def coder_against_experts(annomi: Path) -> list[Finding]:
    """The measuring coder's own evaluation, in short; `mirrorplay coder evaluate` has it all."""
    from mirrorplay.policies.coding.linear import learned
    from mirrorplay.runs.coding.evaluate import evaluate
    from mirrorplay.runs.coding.transcripts import read_transcripts as read_coded

    try:
        result = evaluate(read_coded(annomi), learned())
    except UserError as error:
        return [not_tested("coder against experts", str(error))]
    found = []
    for speaker, aim in CODER_AIMS.items():
        value, told = result[f"{speaker}_macro_f1"], result[speaker]
        found.append(
            finding(
                f"coder against experts: {speaker}, macro-F1",
                f"at least {aim:.2f} on transcripts not fitted on",
                f"{value:.3f}",
                bool(value >= aim),
                Interval(*told["interval"]),
                note=f"{told['of_rater_f1']:.2f} of rater–rater F1;"
                f" {result['n_transcripts']} transcripts, {result['weights']}",
            )
        )
    return found


def chosen(only: str | None) -> tuple[str, ...]:
    """Headings named as "I,III". Raises UserError for one there is not."""
    if only is None:
        return HEADINGS
    wanted = [one.strip().upper() for one in only.split(",") if one.strip()]
    for one in wanted:
        if one not in HEADINGS:
            raise UserError(
                f"no heading {one!r}", where="--only", allowed=HEADINGS, hint=nearest(one, HEADINGS)
            )
    if not wanted:
        raise UserError("no heading", where="--only", allowed=HEADINGS)
    return tuple(name for name in HEADINGS if name in wanted)
