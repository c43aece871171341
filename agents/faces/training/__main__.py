"""`python -m mirrorplay.agents.faces.training`: draw, train, export, evaluate.

The result depends on the recipe, the drawing and the installed versions alone.
"""

import argparse
import tempfile
import time
from pathlib import Path

from mirrorplay.agents.faces.perceiver import MODEL, EmbeddedPerceiver
from mirrorplay.agents.faces.training.evaluation import (
    evaluate,
    milliseconds,
    quote,
    table,
    write,
)


def main() -> None:
    """Trains unless `--evaluate` is given; writes the network and the figures beside it."""
    parser = argparse.ArgumentParser(prog="python -m mirrorplay.agents.faces.training")
    parser.add_argument("--out", type=Path, default=MODEL, help="the ONNX file to write")
    parser.add_argument("--pictures", type=int, help="portraits to draw (default: the recipe's)")
    parser.add_argument("--epochs", type=int, help="looks at each portrait")
    parser.add_argument("--people", type=int, default=2000, help="unseen people to evaluate on")
    parser.add_argument("--evaluate", action="store_true", help="evaluate --out without training")
    parser.add_argument("--page", type=Path, help="a page to put the table in, between its marks")
    given = parser.parse_args()
    started = time.monotonic()
    if not given.evaluate:
        _train(given)
    perceiver = EmbeddedPerceiver(str(given.out))
    figures = evaluate(perceiver, given.people)
    write(figures, given.out.with_suffix(".json"))
    print(table(figures))
    if given.page:
        quote(table(figures), given.page)
    print(f"\n{milliseconds(perceiver):.2f} ms a look; {given.out.stat().st_size:,} bytes")
    print(f"{time.monotonic() - started:.0f} s in all")


def _train(given: argparse.Namespace) -> None:
    # Not at the top: an evaluation works where torch is not installed.
    from mirrorplay.agents.faces.training.calibration import gains
    from mirrorplay.agents.faces.training.export import export
    from mirrorplay.agents.faces.training.fit import Recipe, train

    changes = {name: getattr(given, name) for name in ("pictures", "epochs")}
    recipe = Recipe()._replace(**{name: value for name, value in changes.items() if value})
    with tempfile.TemporaryDirectory(prefix="mirrorplay-faces-") as folder:
        model = train(recipe, Path(folder))
        plain = Path(folder) / "plain.onnx"
        export(model, plain)
        export(model, given.out, gains(EmbeddedPerceiver(str(plain)), given.people))


if __name__ == "__main__":
    main()
