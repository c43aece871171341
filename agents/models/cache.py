"""Answers kept in a file, so that a run repeated with one arm more pays for that arm alone.

The key is a hash of what decides an answer: the prompt, with each image by the hash of its bytes,
the sampling, and the call's own seed, sent or not: replicates and samples that ask the same are
different questions. Not the address, which changes with every server. Prompts, images and keys are
not in the file. It is SQLite in write-ahead mode: every entry is whole or
absent, and workers of one machine may share it. A file that is damaged is set aside, not mourned.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiosqlite

from mirrorplay.agents.models.message import Message
from mirrorplay.personas.errors import UserError

VERSION = 2
"""Raised whenever keys or entries change their meaning: older files are then started anew."""
PATIENCE_S = 20.0
"""How long a write waits for another worker's."""
AGAIN_S = 0.02
"""How long before a new file that another worker is opening is tried again."""

_NO_DATABASE = ("not a database", "malformed", "disk image", "file is encrypted")


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer that could be read, the tokens it once cost, and whether `max_tokens` ended it."""

    text: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cut: bool = False


def answer_key(
    messages: Sequence[Message],
    sampling: dict[str, Any],
    seed: int,
    form: dict[str, Any] | None = None,
) -> str:
    """64 hexadecimal digits. `seed` is the call's own, `form` the JSON schema sent along, if one
    was."""
    prompt = [
        [
            message.role,
            [
                part if isinstance(part, str) else {"image": part.sha256, "mime": part.mime}
                for part in message.parts
            ],
        ]
        for message in messages
    ]
    whole = json.dumps([prompt, sampling, seed, form], sort_keys=True, ensure_ascii=False)
    return sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


class AnswerCache:
    """One file. It is opened at its first use, in the loop that uses it.

    Raises UserError when the file's folder cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.set_aside: Path | None = None
        """Where a damaged file went."""
        self._database: aiosqlite.Connection | None = None
        self._opening = asyncio.Lock()

    async def get(self, key: str) -> CachedAnswer | None:
        """The answer kept under a key."""
        for _ in range(2):
            database = await self._open()
            try:
                async with database.execute(
                    "SELECT answer FROM answers WHERE key = ?", (key,)
                ) as cursor:
                    row = await cursor.fetchone()
                return None if row is None else CachedAnswer(**json.loads(row[0]))
            except sqlite3.DatabaseError as error:
                await self._recover(error)
            except (ValueError, TypeError):
                return None  # an entry that is not ours is no entry
        return None

    async def put(self, key: str, answer: CachedAnswer) -> None:
        """Keep an answer. The first one kept under a key stays."""
        entry = json.dumps(asdict(answer), ensure_ascii=False)
        for _ in range(2):
            database = await self._open()
            try:
                await database.execute(
                    "INSERT OR IGNORE INTO answers (key, answer) VALUES (?, ?)", (key, entry)
                )
                await database.commit()
                return
            except sqlite3.DatabaseError as error:
                await self._recover(error)

    async def close(self) -> None:
        if self._database is not None:
            await self._database.close()
            self._database = None

    async def _open(self) -> aiosqlite.Connection:
        if self._database is not None:
            return self._database
        async with self._opening:
            give_up = time.monotonic() + PATIENCE_S
            while self._database is None:
                try:
                    self._database = await self._connect()
                except sqlite3.DatabaseError as error:
                    # SQLite does not wait for another worker that switches a new file to WAL.
                    if "locked" not in str(error) or time.monotonic() > give_up:
                        await self._recover(error)
                    else:
                        await asyncio.sleep(AGAIN_S)
            return self._database

    async def _connect(self) -> aiosqlite.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from None
        database = await aiosqlite.connect(self.path, timeout=PATIENCE_S)
        try:
            await database.execute("PRAGMA journal_mode = WAL")
            await database.execute("PRAGMA synchronous = NORMAL")
            async with database.execute("PRAGMA user_version") as cursor:
                row = await cursor.fetchone()
            if row is not None and row[0] not in (0, VERSION):
                await database.execute("DROP TABLE IF EXISTS answers")
            await database.execute(
                "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL) "
                "WITHOUT ROWID"
            )
            await database.execute(f"PRAGMA user_version = {VERSION:d}")
            await database.commit()
        except BaseException:
            await database.close()
            raise
        return database

    async def _recover(self, error: sqlite3.DatabaseError) -> None:
        """Put a damaged file aside. Anything else that SQLite says is told to the user."""
        await self.close()
        if not any(words in str(error) for words in _NO_DATABASE):
            raise self._unusable(str(error)) from None
        aside = self.path.with_name(f"{self.path.name}.damaged")
        number = 2
        while aside.exists():
            aside = self.path.with_name(f"{self.path.name}.damaged.{number}")
            number += 1
        try:
            self.path.rename(aside)
        except FileNotFoundError:
            return  # another worker was quicker
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        self.set_aside = aside

    def _unusable(self, why: str) -> UserError:
        return UserError(
            f"cannot be used: {why}",
            where=f"answer cache {str(self.path)!r}",
            hint="free the disk or correct the permissions, or run without the cache",
        )
