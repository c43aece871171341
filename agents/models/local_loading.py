"""From a spec's name to a model in memory: a folder, a GGUF file, an id, or the packaged one."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    BitsAndBytesConfig,
    modeling_gguf_pytorch_utils,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
from transformers.utils import logging

from mirrorplay.agents.models.local_model import LocalModel
from mirrorplay.personas.errors import UserError


@dataclass(frozen=True, slots=True)
class Weights:
    """Which weights, and how they lie in memory. Two specs with equal ones share a model."""

    folder: str
    """A folder, or an id with `revision`."""
    gguf: str | None
    revision: str | None
    device: str
    dtype: str
    quantisation: str | None
    attention: str | None
    name: str
    """As the user wrote it."""


def load(weights: Weights) -> LocalModel:
    """Load it. Raises UserError, with the library's own first line, when it cannot be loaded."""
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    # The library's own switch does not reach the bar of its GGUF reader.
    modeling_gguf_pytorch_utils.tqdm = partial(tqdm, disable=True)
    try:
        return _load(weights)
    except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
        told = next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))
        hint = "see the model's page for the packages it needs"
        if "torchvision" in str(error):
            hint = "pip install torchvision, of the build that goes with the installed torch"
        elif isinstance(error, OSError):
            hint = "give a folder with config.json, a .gguf file, or the id of a model"
        raise UserError(
            f"the model cannot be loaded: {told}", where=f"transformers:{weights.name}", hint=hint
        ) from error


def _load(weights: Weights) -> LocalModel:
    device = _device(weights.device)
    source: dict[str, Any] = {"local_files_only": Path(weights.folder).is_dir()}
    if weights.revision is not None:
        source["revision"] = weights.revision
    if weights.gguf is not None:
        source["gguf_file"] = weights.gguf
    options: dict[str, Any] = {"dtype": _dtype(weights, device), "device_map": device}
    if weights.attention is not None:
        options["attn_implementation"] = weights.attention
    if weights.quantisation is not None:
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_8bit=weights.quantisation == "int8", load_in_4bit=weights.quantisation == "int4"
        )
    config = AutoConfig.from_pretrained(weights.folder, **source)
    sees = weights.gguf is None and config.model_type in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    reader = AutoProcessor if sees else AutoTokenizer
    processor = reader.from_pretrained(weights.folder, **source)
    maker = AutoModelForImageTextToText if sees else AutoModelForCausalLM
    model = maker.from_pretrained(weights.folder, **source, **options)
    return LocalModel(model, processor, weights.name)


def _device(given: str) -> str:
    """`auto` takes the GPU there is, and all of them where there are several."""
    if given != "auto":
        kind, _, number = given.partition(":")
        there = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(_has_mps())}
        if int(number or 0) >= there.get(kind, 0):
            found = [kind for kind, count in there.items() if count]
            raise UserError(f"there is no device {given!r} here", allowed=["auto", *found])
        return given
    if torch.cuda.device_count() > 1:
        return "auto"
    return "cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu"


def _has_mps() -> bool:
    return bool(torch.backends.mps.is_available())


def _dtype(weights: Weights, device: str) -> Any:
    """`auto` is the checkpoint's own, float32 on a CPU; a GGUF file's numbers are unpacked."""
    if weights.dtype != "auto":
        return getattr(torch, weights.dtype)
    if device == "cpu":
        return torch.float32
    return torch.bfloat16 if weights.gguf is not None else "auto"
