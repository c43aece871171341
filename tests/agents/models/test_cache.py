import asyncio
import sqlite3
from pathlib import Path

import pytest

from mirrorplay.agents.models.cache import AnswerCache, CachedAnswer, answer_key
from mirrorplay.agents.models.message import assistant, system, user
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.agents.roles import Image
from mirrorplay.personas.errors import UserError

FACE = Image(b"secret pixels", "image/jpeg", 10, 10)
SPEC = ModelSpec(model="openai:x", base_url="http://a/v1")
PROMPT = [system("be"), user("look", FACE)]
ANSWER = CachedAnswer("words", 10, 2, cut=True)


def test_the_key_depends_on_what_decides_an_answer_alone() -> None:
    key = answer_key(PROMPT, SPEC.sampling(), 1)
    elsewhere = ModelSpec(model="openai:x", base_url="http://b/v1", api_key_env="K", attempts=3)
    assert answer_key(list(PROMPT), elsewhere.sampling(), 1) == key
    bigger = Image(FACE.data, FACE.mime, 99, 99)
    assert answer_key([system("be"), user("look", bigger)], SPEC.sampling(), 1) == key
    others = [
        answer_key(PROMPT, SPEC.sampling(), 2),
        answer_key(PROMPT, SPEC.sampling(), 1, {"type": "object"}),
        answer_key(PROMPT, ModelSpec(model="openai:x", temperature=0.5).sampling(), 1),
        answer_key(PROMPT, ModelSpec(model="openai:y").sampling(), 1),
        answer_key(
            [system("be"), user("look", Image(b"x", "image/jpeg", 1, 1))], SPEC.sampling(), 1
        ),
        answer_key([system("be"), user(FACE, "look")], SPEC.sampling(), 1),
        answer_key([system("be"), assistant("look", FACE)], SPEC.sampling(), 1),
        answer_key([system("be"), user("lo", "ok", FACE)], SPEC.sampling(), 1),
    ]
    assert len({key, *others}) == 1 + len(others)


async def test_what_was_put_is_got_also_by_another_worker(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "deep" / "answers.sqlite")
    assert await cache.get("k") is None
    await cache.put("k", ANSWER)
    await cache.put("k", CachedAnswer("later words"))
    other = AnswerCache(cache.path)
    assert await other.get("k") == ANSWER
    await other.close()
    await cache.close()


@pytest.mark.parametrize("_again", range(5))
async def test_many_at_once(tmp_path: Path, _again: int) -> None:
    cache, other = (AnswerCache(tmp_path / "a.sqlite") for _ in range(2))
    await asyncio.gather(
        *(one.put(str(n), CachedAnswer(str(n))) for n in range(50) for one in (cache, other))
    )
    kept = await asyncio.gather(*(other.get(str(n)) for n in range(50)))
    assert [one.text for one in kept if one] == [str(n) for n in range(50)]
    await cache.close()
    await other.close()


@pytest.mark.parametrize(
    "damage", [b"not a database at all" * 200, b"SQLite format 3\x00" + b"\xff" * 5000]
)
async def test_a_damaged_file_is_set_aside(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "a.sqlite"
    for number in ("", ".2"):
        path.write_bytes(damage)
        cache = AnswerCache(path)
        assert await cache.get("k") is None
        await cache.put("k", ANSWER)
        assert await cache.get("k") == ANSWER
        aside = tmp_path / f"a.sqlite.damaged{number}"
        assert cache.set_aside == aside
        assert aside.read_bytes() == damage
        await cache.close()


async def test_damage_inside_a_file_that_opens(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    cache = AnswerCache(path)
    for number in range(300):
        await cache.put(f"{number:03}", CachedAnswer("word " * 50))
    await cache.close()
    data = bytearray(path.read_bytes())
    data[4096 * 2 :] = b"\xa5" * (len(data) - 4096 * 2)
    path.write_bytes(data)
    cache = AnswerCache(path)
    for number in range(300):
        assert await cache.get(f"{number:03}") is None or cache.set_aside is None
    await cache.put("new", ANSWER)
    assert await cache.get("new") == ANSWER
    assert cache.set_aside is not None
    await cache.close()


async def test_an_entry_that_is_not_ours_is_none(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "a.sqlite")
    await cache.put("k", ANSWER)
    with sqlite3.connect(cache.path) as database:
        database.execute("UPDATE answers SET answer = '{\"other\": 1}'")
    assert await cache.get("k") is None
    await cache.close()


async def test_a_file_of_another_version_begins_anew(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "a.sqlite")
    await cache.put("k", ANSWER)
    await cache.close()
    with sqlite3.connect(cache.path) as database:
        database.execute("PRAGMA user_version = 999")
    again = AnswerCache(cache.path)
    assert await again.get("k") is None
    await again.close()


async def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="cannot be used"):
        await AnswerCache(tmp_path / "file" / "a.sqlite").get("k")
