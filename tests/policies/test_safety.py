"""The crisis screen: what must be found, what is let pass, what a therapist must not say."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirrorplay.policies.safety import READ_LIMIT, screen, screen_therapist

FOUND = [
    ("I want to kill myself.", "suicidal_intent"),
    ("Some nights I think about just ending it all.", "suicidal_intent"),
    ("I can't stop thinking about killing myself.", "suicidal_intent"),
    ("I'm not sure I won't kill myself.", "suicidal_intent"),
    ("I tried to take my own life two years ago.", "suicidal_intent"),
    ("I've been saving up the pills so there's enough.", "suicidal_intent"),
    ("Last night I took the whole bottle.", "suicidal_intent"),
    ("I keep thinking about driving into a tree.", "suicidal_intent"),
    ("Standing there I thought, I could just step in front of the train.", "suicidal_intent"),
    ("I've already written a goodbye letter.", "suicidal_intent"),
    ("I’m suicidal, I suppose.", "suicidal_intent"),
    ("I looked up how many pills it would take.", "suicidal_intent"),
    ("They'd be better off without me.", "passive_ideation"),
    ("It would be easier for everyone without me.", "passive_ideation"),
    ("I wish I was dead.", "passive_ideation"),
    ("I don't want to be alive anymore.", "passive_ideation"),
    ("I just want to go to sleep and not wake up.", "passive_ideation"),
    ("Most mornings I wish I hadn't woken up, I'd rather be dead.", "passive_ideation"),
    ("What's the point of living like that?", "passive_ideation"),
    ("Nobody would notice if I was gone.", "passive_ideation"),
    ("I wish I'd never been born.", "passive_ideation"),
    ("I can't go on.", "passive_ideation"),
    ("I've got nothing left to live for.", "passive_ideation"),
    ("I've been giving away my things.", "passive_ideation"),
    ("I don't want to die, but sometimes I wish I could disappear.", "passive_ideation"),
    ("There's no reason to stay alive.", "passive_ideation"),
    ("I cut myself again on Sunday.", "self_harm"),
    ("When it gets bad I burn my arms, I mean I burn myself.", "self_harm"),
    ("I started hitting myself.", "self_harm"),
    ("I self-harm, if that's what you're asking.", "self_harm"),
    ("I can't promise I won't hurt myself.", "self_harm"),
    ("I want to hurt him, really hurt him.", "harm_to_others"),
    ("I'm going to kill her if she does it again.", "harm_to_others"),
    ("I'm afraid I'll hurt someone.", "harm_to_others"),
    ("I'll bring a knife to work, then they'll listen.", "harm_to_others"),
    ("I slapped my wife on Friday.", "harm_to_others"),
    ("He hits me when he's been drinking.", "abuse"),
    ("My husband choked me once.", "abuse"),
    ("He won't let me leave the house.", "abuse"),
    ("I'm scared of what he'll do when he finds out.", "abuse"),
    ("I was raped when I was a student.", "abuse"),
    ("She threw a plate at my head.", "abuse"),
    ("My boyfriend threatened me with it.", "abuse"),
    ("I shook the baby. Just for a second.", "minor_at_risk"),
    ("He hits the kids when I'm not there.", "minor_at_risk"),
    ("My stepdad comes into my room at night.", "minor_at_risk"),
    ("I think he's touching my daughter.", "minor_at_risk"),
    ("I hear voices when I'm on my own.", "psychosis"),
    ("The voice says I should do it.", "psychosis"),
    ("There are cameras in my walls.", "psychosis"),
    ("They're putting thoughts in my head.", "psychosis"),
    ("The TV has been sending me messages meant for me.", "psychosis"),
    ("Somebody is poisoning my food.", "psychosis"),
    ("I'm drunk right now, to be honest.", "intoxication"),
    ("I had a few drinks before I came.", "intoxication"),
    ("I smoked something on the way here.", "intoxication"),
    ("I can't do this sober.", "intoxication"),
]
PASSED = [
    "This commute is killing me.",
    "I'd never hurt myself.",
    "I would never, ever hurt myself.",
    "I'm not suicidal, I'm tired.",
    "No, I haven't thought about killing myself.",
    "Kill myself? No, of course not.",
    "I don't want to kill anyone, I want a holiday.",
    "My boss would kill me if I said that.",
    "I could have killed him, he was so slow.",
    "I'd kill for a coffee.",
    "We were just killing time.",
    "I nearly died of embarrassment.",
    "I'm dying to see what she says.",
    "I'm dead tired by Thursday.",
    "The deadline was dead serious.",
    "My phone died in the middle of it.",
    "I don't want to be here. My wife signed me up.",
    "I don't want to live with my mother again.",
    "I want to end it with him before Christmas.",
    "I wanted to die of shame.",
    "I cut myself shaving.",
    "I should cut myself some slack.",
    "I keep beating myself up about it.",
    "I didn't want to hurt her feelings.",
    "I was banging my head against a brick wall.",
    "It hit me that I'd been wrong.",
    "That thought just hit me.",
    "They kicked me out of the team.",
    "She beat me to it.",
    "He threatened to quit again.",
    "It was a punch in the gut.",
    "I heard voices in the corridor and stopped talking.",
    "It's like you're reading my mind.",
    "I can hear my mother's voice in my head saying tidy up.",
    "I have high standards.",
    "I don't drink much. A glass at weddings.",
    "I was drunk at my cousin's wedding, everyone was.",
    "What's the point of the worksheet?",
    "There's no point talking to them.",
    "I want to disappear into the carpet when she looks at me.",
    "I might as well shoot myself in the foot.",
    "I took the bridge because of the traffic.",
    "My plan is to end things with a handshake.",
    "I burned myself out at that job.",
    "I hurt myself running.",
    "He was hitting the ball against the wall.",
    "I have a plan for Monday.",
    "",
    "…",
]


@pytest.mark.parametrize(("text", "category"), FOUND)
def test_a_cue_is_found(text: str, category: str) -> None:
    assert category in {finding.category for finding in screen(text)}


@pytest.mark.parametrize("text", PASSED)
def test_a_near_miss_is_let_pass(text: str) -> None:
    assert screen(text) == ()


def test_a_finding_quotes_the_words_that_raised_it() -> None:
    (finding,) = screen("Honestly? They'd be better off without me.")
    assert finding.cue == "better off without me"


def test_a_yes_counts_only_after_a_direct_question() -> None:
    asked = "Are you thinking about killing yourself?"
    assert screen("Yeah. Sometimes.", asked)
    assert screen("Sometimes I do.", asked)
    assert screen("No. God, no.", asked) == ()
    assert screen("Yeah. Sometimes.", "Do you still play football?") == ()
    assert screen("Yeah. Sometimes.") == ()


HARMFUL = [
    ("If you don't do the exercise, I'll stop seeing you.", "threat"),
    ("I'll report you to your employer.", "threat"),
    ("You only have yourself to blame.", "blame"),
    ("That's your own fault.", "blame"),
    ("You're being lazy. You're pathetic.", "blame"),
    ("I promise this stays between us.", "secrecy_promise"),
    ("I won't tell anyone, whatever it is.", "secrecy_promise"),
    ("Promise me you won't hurt yourself before Friday.", "no_suicide_contract"),
    ("Would you sign a no-suicide contract?", "no_suicide_contract"),
    ("Thirty tablets of that would be enough to kill you.", "method_detail"),
    ("You're just being dramatic.", "dismissed_risk"),
]
HARMLESS = [
    "Are you thinking about killing yourself?",
    "I can't promise to keep that secret. If you're in danger I'd bring someone in.",
    "What makes you think it's your fault?",
    "You keep telling yourself it's your fault.",
    "That's not your fault.",
    "You said fine, and I wasn't sure. I may be wrong.",
    "Whatever you decide is fine with me.",
    "If you don't want to go there, we can leave it.",
    "You don't have to promise me anything.",
]


@pytest.mark.parametrize(("text", "category"), HARMFUL)
def test_harmful_therapist_words_are_found(text: str, category: str) -> None:
    assert category in {finding.category for finding in screen_therapist(text)}


@pytest.mark.parametrize("text", HARMLESS)
def test_helpful_therapist_words_are_let_pass(text: str) -> None:
    assert screen_therapist(text) == ()


def test_a_huge_text_is_read_quickly_at_both_ends() -> None:
    filler = "I live and drink with my kids and the voice is dead. "
    text = filler * (3 * READ_LIMIT // len(filler))
    start = time.process_time()
    assert screen(f"{text} I want to kill myself.")
    assert screen(f"I want to kill myself. {text}")
    assert time.process_time() - start < 5


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_screened(text: str) -> None:
    assert isinstance(screen(text, text), tuple)
    assert isinstance(screen_therapist(text), tuple)


@given(
    gap=st.text(alphabet=" \t\n\x00\x07\u00a0", min_size=1, max_size=4),
    capitals=st.booleans(),
)
def test_spacing_and_capitals_hide_nothing(gap: str, capitals: bool) -> None:
    text = gap.join(["I", "want", "to", "kill", "myself"])
    assert screen(text.upper() if capitals else text)
