"""A model of the library transformers, loaded once, that answers a batch of prompts.

Any text model (`AutoModelForCausalLM`), any vision-language model
(`AutoModelForImageTextToText`) and any GGUF file that the library reads. Prompts are padded on the
left. A prompt that cannot be read, or is too long, fails alone; a batch too large for the memory is
halved.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from PIL import Image as Picture
from transformers import GenerationConfig
from transformers.generation import LogitsProcessorList, StoppingCriteriaList

from mirrorplay.agents.faces.pictures import decode
from mirrorplay.agents.models.local_sampling import RowSampler, RowStop, Sampling
from mirrorplay.agents.models.local_template import ChatTemplate, Prompt
from mirrorplay.agents.models.message import Message

_Seen = tuple[str, list[Any]]
"""A prompt's text and its pictures, decoded."""


class ContextOverflow(ValueError):
    """A prompt and its answer have no room in the model's context. Says so in the words and the
    status of an HTTP server, so that it is treated alike."""

    status_code = 400
    code = "context_length_exceeded"


@dataclass(frozen=True, slots=True)
class Question:
    messages: tuple[Message, ...]
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class Written:
    """An answer and what it cost, in tokens."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: Literal["stop", "length"]


class LocalModel:
    """`model` and `processor` (or tokenizer) as the library loads them; `name` for messages."""

    def __init__(self, model: Any, processor: Any, name: str) -> None:
        self._model, self._processor, self.name = model.eval(), processor, name
        self._tokenizer = getattr(processor, "tokenizer", processor)
        self._tokenizer.padding_side = "left"
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self.template = ChatTemplate(processor, name)
        text = model.config.get_text_config()
        self.context: int = getattr(text, "max_position_embeddings", None) or 2**31
        """Tokens of prompt and answer together."""
        own = model.generation_config
        self.defaults = {
            "temperature": (own.temperature or 1.0) if own.do_sample else 0.0,
            "top_p": (own.top_p or 1.0) if own.do_sample else 1.0,
            "top_k": (own.top_k or 0) if own.do_sample else 0,
            "repetition_penalty": own.repetition_penalty or 1.0,
        }
        """How the model's makers sample it."""
        self._ends = _ends(own.eos_token_id, self._tokenizer.eos_token_id)
        self._takes = inspect.signature(model.forward).parameters
        # What remains there would be mixed into every call's settings.
        model.generation_config = GenerationConfig(
            bos_token_id=own.bos_token_id,
            eos_token_id=self._ends,
            pad_token_id=self._tokenizer.pad_token_id,
        )

    def answer(self, questions: Sequence[Question]) -> list[Written | BaseException]:
        """An answer to each question, or what went wrong with it."""
        answers: dict[int, Written | BaseException] = {}
        prompts: dict[int, _Seen] = {}
        for at, question in enumerate(questions):
            try:
                prompts[at] = self._pictures(self.template.prompt(question.messages))
            except Exception as error:
                # Handed to the caller whose prompt it is.
                answers[at] = error
        for sees in (False, True):
            alike = [at for at, (_, pictures) in prompts.items() if bool(pictures) == sees]
            self._answer(alike, questions, prompts, answers)
        return [answers[at] for at in range(len(questions))]

    def _answer(
        self,
        chosen: list[int],
        questions: Sequence[Question],
        prompts: dict[int, _Seen],
        answers: dict[int, Written | BaseException],
    ) -> None:
        if not chosen:
            return
        rows = [questions[at].sampling for at in chosen]
        try:
            inputs = self._inputs([prompts[at] for at in chosen])
            tokens = [int(count) for count in inputs["attention_mask"].sum(-1)]
            fitting = []
            for at, row, count in zip(chosen, rows, tokens, strict=True):
                if count + row.max_tokens > self.context:
                    answers[at] = self._overflow(count, row.max_tokens)
                else:
                    fitting.append(at)
            if len(fitting) < len(chosen):
                self._answer(fitting, questions, prompts, answers)
                return
            texts = self._generate(inputs, rows)
        except Exception as error:
            if len(chosen) == 1:
                answers[chosen[0]] = error
                return
            # Out of memory, or one prompt that spoils the others': the halves tell.
            if isinstance(error, torch.OutOfMemoryError):
                torch.cuda.empty_cache()
            half = len(chosen) // 2
            self._answer(chosen[:half], questions, prompts, answers)
            self._answer(chosen[half:], questions, prompts, answers)
            return
        for at, count, (text, written, reason) in zip(chosen, tokens, texts, strict=True):
            answers[at] = Written(text, count, written, reason)

    def _pictures(self, prompt: Prompt) -> _Seen:
        return prompt.text, [Picture.fromarray(decode(image.data)) for image in prompt.images]

    def _overflow(self, prompt: int, answer: int) -> ContextOverflow:
        return ContextOverflow(
            f"the prompt has {prompt} tokens and {answer} are kept for the answer: the maximum "
            f"context length of {self.name!r} is {self.context}"
        )

    def _inputs(self, prompts: Sequence[_Seen]) -> dict[str, Any]:
        texts = [text for text, _ in prompts]
        pictures = [images for _, images in prompts]
        # A template that writes the beginning token itself must not get a second one.
        begins = self._tokenizer.bos_token
        adds = self.template.sees and not (begins and texts[0].startswith(begins))
        if any(pictures):
            made = self._processor(
                text=texts,
                images=pictures,
                padding=True,
                add_special_tokens=adds,
                return_tensors="pt",
            )
        else:
            made = self._tokenizer(
                texts, padding=True, add_special_tokens=adds, return_tensors="pt"
            )
        return {
            name: value.to(
                self._model.device, self._model.dtype if value.is_floating_point() else None
            )
            for name, value in made.items()
            if name != "token_type_ids" or name in self._takes
        }

    def _generate(
        self, inputs: dict[str, Any], rows: Sequence[Sampling]
    ) -> list[tuple[str, int, Literal["stop", "length"]]]:
        start = inputs["input_ids"].shape[1]
        exempt = [*self._ends, self._tokenizer.pad_token_id]
        with torch.inference_mode():
            ids = self._model.generate(
                **inputs,
                generation_config=GenerationConfig(
                    do_sample=False, max_new_tokens=max(row.max_tokens for row in rows)
                ),
                logits_processor=LogitsProcessorList(
                    [RowSampler(rows, exempt, inputs["input_ids"].device)]
                ),
                stopping_criteria=StoppingCriteriaList([RowStop(rows, start, self._decode)]),
            )
        return [self._read(one[start:].tolist(), row) for one, row in zip(ids, rows, strict=True)]

    def _decode(self, ids: Any) -> str:
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True)
        return text

    def _read(self, ids: list[int], row: Sampling) -> tuple[str, int, Literal["stop", "length"]]:
        ids = ids[: row.max_tokens]
        end = next((at for at, one in enumerate(ids) if one in self._ends), None)
        text = self._decode(ids if end is None else ids[:end])
        cut = min((at for word in row.stop if (at := text.find(word)) >= 0), default=None)
        reason: Literal["stop", "length"] = "length" if end is None and cut is None else "stop"
        return text[:cut].strip(), len(ids) if end is None else end + 1, reason


def _ends(*given: int | Sequence[int] | None) -> list[int]:
    """Tokens that end an answer, from whatever names them."""
    ends: set[int] = set()
    for one in given:
        if one is not None:
            ends.update([one] if isinstance(one, int) else one)
    return sorted(ends)
