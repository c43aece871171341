"""The README's therapist conforms, and runs in Ray workers from a folder of one's own."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from mirrorplay.agents.conformance import check_therapist
from mirrorplay.agents.custom import load_part
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.driver import start
from mirrorplay.runs.store import iter_sessions

pytestmark = pytest.mark.cluster
ROOT = Path(__file__).parent.parent.parent.parent


async def test_the_readmes_therapist(
    tiny: Callable[..., RunConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    [source] = [block for block in blocks if block.startswith("# warm.py")]
    (tmp_path / "warm.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    await check_therapist(load_part("therapist", "warm:Warm", {}))
    config = tiny(
        therapist={"kind": "custom", "target": "warm:Warm", "mode": "text"},
        executor={"kind": "ray", "workers": 1},
    )
    result = start(config, Console(quiet=True), [str(tmp_path)])
    assert (result.exit_code, result.done) == (0, 4)
    ending = "What would you like to do with that?"
    assert any(s.turns[1].text.endswith(ending) for s in iter_sessions(result.run.path))
    sys.modules.pop("warm", None)
