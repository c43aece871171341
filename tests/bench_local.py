"""Bench of local models: what answering sixteen sessions together is worth.

    python -m tests.bench_local             a model of SmolLM2-135M's shape, in float32
    python -m tests.bench_local bfloat16    in another type of number

One ratio of one run: sixteen answers one at a time against the same sixteen together. The model is
untrained and so hardly ever ends an answer by itself: both write the same number of tokens, and no
answer's length weighs in.
"""

import asyncio
import sys
import time
from typing import Any

import torch
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from transformers import LlamaConfig, LlamaForCausalLM

from mirrorplay.agents.models.local import LocalChat, LocalEngine
from mirrorplay.agents.models.local_model import LocalModel

SESSIONS = 16
TOKENS = 24


def bench_local(dtype: str = "float32") -> None:
    """Print tokens a second alone and together, and their ratio."""
    chat = _chat(dtype)
    alone_s, together_s, alone, together = asyncio.run(_measure(chat))
    ratio = (together / together_s) / (alone / alone_s)
    print(
        f"local model {chat.model}, {dtype}, {torch.get_num_threads()} threads: "
        f"{alone / alone_s:.1f} tokens/s one at a time, {together / together_s:.1f} for "
        f"{SESSIONS} sessions together: {ratio:.1f} times"
    )


def _chat(dtype: str) -> LocalChat:
    return LocalChat(
        model="of SmolLM2-135M's shape",
        engine=LocalEngine(lambda: _large(dtype), most=SESSIONS),
        temperature=0.7,
        max_tokens=TOKENS,
    )


def _large(dtype: str) -> LocalModel:
    from tiny_models import text_model

    words: Any = text_model()[1]
    config = LlamaConfig(
        vocab_size=49_152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        eos_token_id=words.eos_token_id,
    )
    return LocalModel(LlamaForCausalLM(config).to(getattr(torch, dtype)), words, "large")


def _asked(session: int) -> list[BaseMessage]:
    return [
        SystemMessage("You are Anna, who talks to her counsellor and would rather not be here."),
        HumanMessage(f"What would you like to use hour {session} for? Tell me at length."),
    ]


async def _measure(chat: LocalChat) -> tuple[float, float, int, int]:
    await chat.ainvoke(_asked(0), seed=0, max_tokens=2)
    began = time.perf_counter()
    alone = [await chat.ainvoke(_asked(at), seed=at) for at in range(SESSIONS)]
    between = time.perf_counter()
    together = await asyncio.gather(*(chat.ainvoke(_asked(at), seed=at) for at in range(SESSIONS)))
    ended = time.perf_counter()
    written = [
        sum(reply.usage_metadata["output_tokens"] for reply in replies if reply.usage_metadata)
        for replies in (alone, together)
    ]
    return between - began, ended - between, written[0], written[1]


if __name__ == "__main__":
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).parent / "parts"))
    bench_local(*sys.argv[1:2])
