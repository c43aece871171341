"""Ruptures: what counts as one, what does not, and when one is mended."""

from mirrorplay.policies.instruments.rupture import Rupture, ruptures
from mirrorplay.policies.instruments.tape import CodedLine, Tape, Variant

Turn = tuple[str, str, str]
EASY: Turn = ("I went home and slept.", "answering", "")


def said(text: str, act: str, stage: str = "") -> Turn:
    return text, act, stage


def found(
    *turns: Turn | tuple[str, tuple[str, ...]], variant: Variant = "words"
) -> tuple[Rupture, ...]:
    """Client turns have three parts, therapist turns two."""
    lines: list[CodedLine] = []
    for turn in turns:
        if len(turn) == 3:
            text, act, stage = turn
            lines.append(CodedLine(len(lines), "client", text, (act, "talk:neutral"), stage))
        else:
            lines.append(CodedLine(len(lines), "therapist", turn[0], turn[1]))
    return ruptures(Tape(lines, variant))


ASK = ("What was that like for you?", ("open_question",))
PUSH = ("You should go for a run.", ("persuade",))
MEND = ("I may have got that wrong. What did I miss?", ("checking_impasse", "open_question"))
ATTACK = said("You don't know what you're talking about.", "challenging")
NO = said("No. That's not it.", "disagreeing")


def test_an_attack_is_a_confrontation_and_a_repair_that_works_mends_it() -> None:
    (one,) = found(EASY, ASK, ATTACK, MEND, EASY, ASK, EASY)
    assert one == Rupture("confrontation", turns=(2,), attempts=(3,), mended=(4, 6))


def test_a_repair_that_does_not_hold_mends_nothing() -> None:
    one, two = found(EASY, ASK, ATTACK, MEND, EASY, ASK, ATTACK)
    assert (one.attempts, one.mended) == ((3,), ())
    assert (two.attempts, two.mended) == ((), ())


def test_pushing_is_no_repair() -> None:
    (one,) = found(EASY, ASK, ATTACK, PUSH, EASY, ("Go on.", ("persuade",)), EASY)
    assert (one.attempts, one.mended) == ((), ())
    both = ("You're angry. You're wrong.", ("simple_reflection", "confront"))
    assert found(ATTACK, both, EASY)[0].attempts == ()


def test_neighbouring_turns_of_one_kind_are_one_rupture() -> None:
    (one,) = found(EASY, ASK, ATTACK, MEND, ATTACK, MEND, EASY)
    assert one.turns == (2, 4)
    assert one.attempts == (3, 5)
    avoiding = said("I'd rather not say.", "limit_setting")
    assert [x.kind for x in found(ATTACK, ASK, avoiding)] == ["confrontation", "withdrawal"]


def test_a_no_is_a_rupture_after_an_offer_and_an_answer_after_a_question() -> None:
    assert found(EASY, PUSH, NO)[0].kind == "confrontation"
    assert found(EASY, ASK, NO) == ()
    assert found(EASY, ("You were sad.", ("simple_reflection",)), NO) == ()


def test_one_short_reply_is_normal_and_two_are_a_withdrawal() -> None:
    short = said("Fine.", "minimum_talk")
    assert found(EASY, ASK, short, ASK, EASY) == ()
    (one,) = found(EASY, ASK, short, ASK, short)
    assert (one.kind, one.turns) == ("withdrawal", (2, 4))


def test_giving_in_to_pushing_twice_is_a_withdrawal() -> None:
    yes = said("Yeah, okay.", "agreeing")
    assert found(EASY, PUSH, yes, PUSH, yes)[0].kind == "withdrawal"
    assert found(EASY, ASK, yes, ASK, yes) == ()


def test_blaming_is_a_rupture_when_it_is_the_therapist_who_is_blamed() -> None:
    assert found(EASY, ASK, said("That's your fault, you brought it up.", "blaming"))
    assert found(EASY, ASK, said("It's all his fault.", "blaming")) == ()


def test_the_body_counts_only_where_it_is_looked_at() -> None:
    fine = said("It was fine.", "minimizing", "looks away, arms folded")
    assert found(EASY, ASK, fine) == ()
    (one,) = found(EASY, ASK, fine, variant="words+stage")
    assert one.kind == "withdrawal"
    smiling = said("It was fine.", "minimizing", "looks away, smiles")
    assert found(EASY, ASK, smiling, variant="words+stage") == ()
