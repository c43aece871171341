"""Poor manner keeps the codes and changes how."""

from mirrorplay.policies.listening import hear
from mirrorplay.policies.manner import POOR_FIT, poorly
from mirrorplay.policies.moves import Beat, Moment, Move
from mirrorplay.policies.rolling import safety

MOMENT = Moment(4, 10, earlier=(hear("My sister rings me on Sundays."), hear("Mm.")))


def test_same_acts_other_words_less_fit() -> None:
    beats = (
        Beat("affirm", ("affirm.candour", "affirm.effort")),
        Beat("open_question", ("open_question.view",)),
    )
    poor = poorly(Move(beats, "note", 0.8), MOMENT)
    assert [beat.act for beat in poor.beats] == ["affirm", "open_question"]
    assert poor.beats[0].keys == ("affirm.candour.poor", "affirm.poor")
    assert poor.fit == round(POOR_FIT * 0.8, 3)


def test_what_is_said_back_is_stale() -> None:
    move = poorly(Move((Beat("simple_reflection", ("simple_reflection.fact",)),), "", 0.8), MOMENT)
    assert move.said == "your sister rings you on Sundays"
    assert poorly(move, Moment(1, 10)).said is None


def test_a_plan_step_stays_recognisable() -> None:
    step = Beat("socratic_question", ("plan.pie_chart.1.said", "plan.pie_chart.1"))
    poor = poorly(Move((step,), "", 0.8), MOMENT).beats[0]
    assert poor.keys[0] == "plan.pie_chart.1.poor"
    assert "plan.pie_chart.1" in poor.keys
    asks = Beat("reframe_offer", ("plan.pie_chart.4",))
    assert poorly(Move((asks,), "", 0.8), MOMENT).beats[0].keys == (
        "plan.pie_chart.4.poor",
        "reframe_offer.poor",
    )


def test_safety_is_never_done_poorly() -> None:
    move = safety({"suicidal_intent"}, MOMENT)
    assert poorly(move, MOMENT) == move
