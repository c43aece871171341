"""Real architectures, tiny and untrained, with their real processors: built here, from nothing.

The chat templates are those that the architectures' published models carry, in the parts that
matter here: how turns are marked, and where an image goes.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    CLIPVisionConfig,
    Idefics3Config,
    Idefics3Processor,
    LlamaConfig,
    LlavaConfig,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLProcessor,
    SmolVLMConfig,
    SmolVLMProcessor,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil
from transformers.video_processing_utils import VideoProcessorMixin

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% endif %}"
)
QWEN = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}"
    "{{ message['content'] }}<|im_end|>\n{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAVA = (
    "{% for message in messages %}{% if message['role'] != 'system' %}"
    "{{ message['role'].upper() + ': ' }}{% endif %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}"
    "{{ '<image>\n' }}{% endfor %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}"
    "{{ content['text'] + ' ' }}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
IDEFICS = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
    "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{ line['text'] }}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
_HIDDEN = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
}


class NoVideo(VideoProcessorMixin):  # type: ignore[misc]
    """Stands where a processor wants one for videos, whose real class needs torchvision."""

    model_input_names = ("pixel_values_videos",)
    merge_size = 2
    temporal_patch_size = 2
    num_frames = 8
    fps = 1

    def __init__(self) -> None:
        self.size = {"longest_edge": 64}


class _WithoutVideo:
    """A processor that takes whatever stands for its video part; all else is its own."""

    def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
        if argument_name == "video_processor":
            return type(argument)
        return super().check_argument_for_proper_class(  # type: ignore[misc]
            argument_name, argument
        )


class PicturesOfQwen(_WithoutVideo, Qwen2_5_VLProcessor):  # type: ignore[misc]
    pass


class PicturesOfSmolVLM(_WithoutVideo, SmolVLMProcessor):  # type: ignore[misc]
    pass


def tokenizer(
    specials: list[str], *, bos: str | None, eos: str, pad: str, template: str | None
) -> Any:
    """Bytes and nothing more, and the special tokens: every text can be written."""
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bare.train_from_iterator(
        [], trainers.BpeTrainer(initial_alphabet=alphabet, special_tokens=specials)
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=bare,
        bos_token=bos,
        eos_token=eos,
        pad_token=pad,
        additional_special_tokens=[one for one in specials if one not in (bos, eos, pad)],
    )
    if template is not None:
        made.chat_template = template
    return made


def text_model() -> tuple[Any, Any]:
    """A Llama with ChatML."""
    words = tokenizer(
        ["<|im_start|>", "<|im_end|>", "<|endoftext|>"],
        bos="<|im_start|>",
        eos="<|im_end|>",
        pad="<|endoftext|>",
        template=CHATML,
    )
    config = LlamaConfig(vocab_size=len(words), **_HIDDEN, **_ids(words))
    return _model(AutoModelForCausalLM, config), words


def llava() -> tuple[Any, Any]:
    words = tokenizer(
        ["<s>", "</s>", "<pad>", "<image>"], bos="<s>", eos="</s>", pad="<pad>", template=None
    )
    pictures = CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    processor = LlavaProcessor(
        pictures,
        words,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=LLAVA,
    )
    eyes = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=32,
        patch_size=8,
    )
    config = LlavaConfig(
        vision_config=eyes,
        text_config=LlamaConfig(vocab_size=len(words), **_HIDDEN, **_ids(words)),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        image_seq_length=16,
    )
    return _model(AutoModelForImageTextToText, config), processor


def qwen_vl() -> tuple[Any, Any]:
    words = tokenizer(
        [
            "<|im_start|>",
            "<|im_end|>",
            "<|endoftext|>",
            "<|vision_start|>",
            "<|vision_end|>",
            "<|image_pad|>",
            "<|video_pad|>",
        ],
        bos=None,
        eos="<|im_end|>",
        pad="<|endoftext|>",
        template=None,
    )
    pictures = Qwen2VLImageProcessorPil(
        patch_size=8, temporal_patch_size=2, merge_size=2, min_pixels=256, max_pixels=64 * 64
    )
    processor = PicturesOfQwen(pictures, words, NoVideo(), chat_template=QWEN)
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(words),
            **_HIDDEN,
            **_ids(words),
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [1, 1, 2],
            },
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_heads": 4,
            "out_hidden_size": 32,
            "patch_size": 8,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 32,
            "fullatt_block_indexes": [1],
        },
        image_token_id=words.convert_tokens_to_ids("<|image_pad|>"),
        video_token_id=words.convert_tokens_to_ids("<|video_pad|>"),
        vision_start_token_id=words.convert_tokens_to_ids("<|vision_start|>"),
        vision_end_token_id=words.convert_tokens_to_ids("<|vision_end|>"),
    )
    return _model(AutoModelForImageTextToText, config), processor


def idefics3() -> tuple[Any, Any]:
    words, pictures, settings = _idefics(Idefics3ImageProcessorPil)
    processor = Idefics3Processor(pictures, words, image_seq_len=4, chat_template=IDEFICS)
    return _model(AutoModelForImageTextToText, Idefics3Config(**settings(words))), processor


def smolvlm() -> tuple[Any, Any]:
    words, pictures, settings = _idefics(SmolVLMImageProcessorPil)
    processor = PicturesOfSmolVLM(
        pictures, words, NoVideo(), image_seq_len=4, chat_template=IDEFICS
    )
    return _model(AutoModelForImageTextToText, SmolVLMConfig(**settings(words))), processor


VISION: dict[str, Callable[[], tuple[Any, Any]]] = {
    "llava": llava,
    "qwen-vl": qwen_vl,
    "idefics3": idefics3,
    "smolvlm": smolvlm,
}


def _idefics(kind: Any) -> tuple[Any, Any, Callable[[Any], dict[str, Any]]]:
    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    words = tokenizer(
        [
            "<|im_start|>",
            "<end_of_utterance>",
            "<|endoftext|>",
            "<fake_token_around_image>",
            "<image>",
            "<global-img>",
            *tiles,
        ],
        bos="<|im_start|>",
        eos="<end_of_utterance>",
        pad="<|endoftext|>",
        template=None,
    )
    pictures = kind(
        size={"longest_edge": 64}, max_image_size={"longest_edge": 32}, do_image_splitting=True
    )

    def settings(words: Any) -> dict[str, Any]:
        return {
            "image_token_id": words.convert_tokens_to_ids("<image>"),
            "scale_factor": 2,
            "vision_config": {
                "hidden_size": 32,
                "intermediate_size": 48,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "image_size": 32,
                "patch_size": 8,
            },
            "text_config": {
                "model_type": "llama",
                "vocab_size": len(words),
                **_HIDDEN,
                **_ids(words),
            },
        }

    return words, pictures, settings


def _ids(words: Any) -> dict[str, Any]:
    return {
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
        "pad_token_id": words.pad_token_id,
    }


def _model(maker: Any, config: Any) -> Any:
    torch.manual_seed(5)
    model = maker.from_config(config)
    # Far from uniform, so that two prompts have two answers.
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.mul_(6.0 if "vision" not in name else 2.0)
    return model.eval()


@lru_cache
def saved_text_model(folder: Path) -> Path:
    """The text model as a folder, as a user would have it."""
    model, words = text_model()
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
