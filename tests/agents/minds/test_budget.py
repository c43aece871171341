"""A prompt within its budget: old faces go first, then the oldest exchanges, never the question."""

from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.agents.minds.budget import Budget, approximate
from mirrorplay.agents.models.message import Message, assistant, system, user
from mirrorplay.agents.roles import Image

FACE = Image(b"x", "image/jpeg", 8, 8)
HEAD = [system("Be brief.")]


def session(exchanges: int) -> list[Message]:
    turns: list[Message] = []
    for at in range(exchanges):
        turns += [user(FACE, f"client {at}"), assistant(f"therapist {at}")]
    return [*turns, user(FACE, "client now")]


def test_everything_stays_where_there_is_room() -> None:
    assert Budget(100_000).fit(HEAD, session(5)) == [*HEAD, *session(5)]


def test_old_faces_go_before_any_word() -> None:
    kept = Budget(tokens=2000, image=800).fit(HEAD, session(4))
    assert [message.text for message in kept] == [one.text for one in [*HEAD, *session(4)]]
    faces = [len(message.images) for message in kept if message.role == "user"]
    assert faces == [0, 0, 0, 1, 1]


def test_then_the_oldest_exchanges_go_and_the_client_still_begins() -> None:
    kept = Budget(tokens=845, image=800).fit(HEAD, session(4))
    assert [message.text for message in kept[1:]] == ["client 3", "therapist 3", "client now"]
    assert kept[-1].images == (FACE,)


def test_what_is_to_be_answered_is_kept_however_long() -> None:
    kept = Budget(tokens=1).fit(HEAD, [*session(2)[:-1], user("x" * 9000)])
    assert [message.role for message in kept] == ["system", "user"]


def test_a_models_own_counter_is_used() -> None:
    def words(text: str) -> int:
        return len(text.split())

    assert Budget(count=words, image=0).of([user("one two three")]) == 6 + 3
    assert approximate("a" * 35) == 10


@given(st.integers(1, 6000), st.integers(0, 12))
def test_roles_alternate_whatever_was_dropped(tokens: int, exchanges: int) -> None:
    kept = Budget(tokens=tokens).fit(HEAD, session(exchanges))[1:]
    assert [message.role for message in kept][::2] == ["user"] * ((len(kept) + 1) // 2)
    assert kept[-1].text == "client now"
