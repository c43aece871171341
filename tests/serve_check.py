"""`make serve-check`: our sessions against a server that is not ours.

    make serve-check

Builds a tiny vision-language model, untrained, in a temporary folder, starts `transformers serve`
with it on a free port of this machine, asks it three questions, runs four sessions whose client and
therapist it plays, and ends the server it started. What the sessions say is noise; that they are
finished, with every answer from the server, is the point.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage, SystemMessage

from mirrorplay.agents.faces.raster import jpeg
from mirrorplay.agents.models.message import Message, to_langchain
from mirrorplay.agents.models.openai_http import openai_chat
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.runs.api import Run, run

STARTING_S = 300
SESSIONS = 4
_SERVE = "from transformers.cli.transformers import main; main()"


@contextmanager
def serving(folder: Path, log: Path) -> Iterator[str]:
    """The address of a server of the model in `folder`; the server ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", _SERVE, "serve", str(folder), "--host", "127.0.0.1"]
    command += ["--port", str(port), "--device", "cpu", "--dtype", "float32"]
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with log.open("wb") as written:
        server = subprocess.Popen(
            command, stdout=written, stderr=subprocess.STDOUT, env=offline, start_new_session=True
        )
        try:
            _wait(f"http://127.0.0.1:{port}/health", server, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            # Its own group, so that what it started ends with it.
            os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + STARTING_S
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                if reply.status == 200:
                    return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.5)
    raise SystemExit(f"transformers serve did not start:\n{log.read_text()[-3000:]}")


async def ask(spec: ModelSpec) -> list[str]:
    """Words, words with a system, and a picture between words, each sampled with a seed."""
    chat = openai_chat(spec, None)
    picture = jpeg("<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'/>")
    looks = Message("user", ("Look:", picture, "What do you see?"))
    questions: list[list[Any]] = [
        [HumanMessage("Hello.")],
        [SystemMessage("You are a counsellor."), HumanMessage("I am tired.")],
        to_langchain([looks]),
    ]
    try:
        replies = [await chat.ainvoke(asked, seed=7) for asked in questions]
    finally:
        await chat.aclose()
    for reply in replies:
        assert reply.usage_metadata, "no usage"
        assert reply.usage_metadata["output_tokens"] > 0, "an answer of no tokens"
    return [str(reply.content) for reply in replies]


def sessions(spec: ModelSpec, folder: Path) -> Run:
    """Four sessions of two exchanges, client and therapist played by the server."""
    model = spec.model_dump(mode="json", exclude_defaults=True)
    return run(
        {
            "name": "serve-check",
            "sample": {"personas": "library", "limit": SESSIONS, "resistance": "default"},
            "client": {"kind": "model", "spec": model},
            "therapist": {"kind": "model", "mode": "base", "spec": model},
            "session": {"max_exchanges": 2, "time_limit_s": 900},
            "executor": {"kind": "inline"},
            "output": {"dir": str(folder)},
        }
    )


def main() -> int:
    try:
        from tiny_models import llava
    except ImportError as error:
        raise SystemExit(f'needs {error.name}: pip install "mirrorplay[local,serve]"') from None
    with tempfile.TemporaryDirectory() as kept:
        place = Path(kept)
        model, processor = llava()
        # The server samples only where the model's makers do; a greedy one repeats its mistakes.
        model.generation_config.do_sample = True
        model.save_pretrained(place / "model")
        processor.save_pretrained(place / "model")
        began = time.monotonic()
        with serving(place / "model", place / "server.log") as address:
            print(f"transformers serve answers after {time.monotonic() - began:.0f} s at {address}")
            spec = ModelSpec(
                model=f"openai:{place / 'model'}",
                base_url=address,
                max_tokens=24,
                temperature=1.0,
                timeout_s=300,
            )
            for text in asyncio.run(ask(spec)):
                print(f"  {text!r}")
            done = sessions(spec, place / "outputs")
            finished = list(done.sessions())
            for name, entry in done.quarantined().items():
                print(f"  {name}: {entry}")
            print(f"{len(finished)} of {SESSIONS} sessions, {done.path.name}")
    return 0 if len(finished) == SESSIONS else 1


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent / "parts"))
    sys.exit(main())
