"""The distribution: what the tree has is what a wheel holds, beside another package `agents`."""

import importlib.metadata
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("agents", "graphs", "personas", "policies", "runs")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *PACKAGES],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [Path(line) for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_every_package_of_the_tree_is_declared() -> None:
    found = {
        "mirrorplay." + ".".join(path.parent.parts)
        for path in tracked()
        if path.name == "__init__.py"
    }
    assert found == set(PROJECT["tool"]["setuptools"]["packages"])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # From a copy: a build leaves things in its tree, and a later build packs what it finds there.
    source = folder / "source"
    for path in [*tracked(), *map(Path, ("pyproject.toml", "README.md", "LICENSE"))]:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, source / path)
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_file_of_the_tree_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {f"mirrorplay/{path.as_posix()}" for path in tracked()}
    assert held == expected


def test_a_bare_name_is_refused() -> None:
    for package in PACKAGES:
        done = subprocess.run(
            [sys.executable, "-c", f"import {package}"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert f"import mirrorplay.{package}, not {package}" in done.stderr


def test_lives_beside_openai_agents() -> None:
    assert importlib.metadata.version("openai-agents")
    done = subprocess.run(
        [sys.executable, "-c", "import agents, mirrorplay.agents; print(agents.Agent)"],
        cwd=Path(sys.prefix), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_type_checkers_have_one_link_for_each_package() -> None:
    links = {path.name: path.resolve() for path in (ROOT / ".src" / "mirrorplay").iterdir()}
    assert links == {name: ROOT / name for name in PACKAGES}


def test_help_needs_no_heavy_import() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom mirrorplay.runs.cli import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "heavy = ('ray', 'langgraph', 'pyarrow', 'pydantic', 'scipy')\n"
        "print([module for module in heavy if module in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
