"""Training of the perceiver: what it draws, what it exports, how it is judged, and that the same
recipe gives the same file."""

import json
from pathlib import Path

import numpy as np
import pytest

from mirrorplay.agents.faces.perceiver import MODEL, EmbeddedPerceiver
from mirrorplay.agents.faces.pictures import FACE, Pixels, framed
from mirrorplay.agents.faces.portrait import portrait_svg
from mirrorplay.agents.faces.raster import render
from mirrorplay.agents.faces.readout import CHANNELS, CLOSE, COARSE, SIDE
from mirrorplay.agents.faces.training import evaluation
from mirrorplay.agents.faces.training.place import close_up, place_of
from mirrorplay.agents.faces.training.renders import KEPT, allocate, counted, fill, on_disk
from mirrorplay.agents.faces.training.samples import MIX, PROTOTYPES, person, sample
from mirrorplay.policies.expression import ACTION_UNITS, ActionUnit, Expression

MEASURED = pytest.mark.skipif(
    not MODEL.with_suffix(".json").exists(),
    reason="no figures beside the network: `make train-perceiver` writes them",
)


def test_a_sample_is_the_same_each_time() -> None:
    assert sample("train", 5) == sample("train", 5)
    assert sample("train", 5) != sample("test", 5)


def test_people_are_in_balance() -> None:
    people = [person("train", number) for number in range(600)]
    tones = [sum(who.skin_tone == tone for who in people) for tone in range(1, 11)]
    assert set(tones) == {60}
    share = {
        "glasses": np.mean([who.glasses != "none" for who in people]),
        "beard": np.mean([who.beard in ("full", "moustache") for who in people]),
        "covered": np.mean([who.hair_style == "covered" for who in people]),
        "old": np.mean([who.age >= 65 for who in people]),
    }
    assert all(0.08 < value < 0.6 for value in share.values()), share


def test_every_unit_and_every_kind_is_shown() -> None:
    samples = [sample("train", number) for number in range(1500)]
    assert {one.kind for one in samples} == set(MIX)
    assert {one.label for one in samples} == {None, *PROTOTYPES}
    shown = [unit.au for one in samples for unit in one.expression.action_units]
    assert min(shown.count(au) for au in ACTION_UNITS) > 30
    contempt = [one.expression for one in samples if one.label == "contempt"]
    assert all(unit.side != "both" for face in contempt for unit in face.action_units)


def test_units_of_one_muscle_are_not_shown_together() -> None:
    for number in range(1500):
        one = sample("train", number)
        if one.kind in ("pair", "sparse"):
            units = {unit.au for unit in one.expression.action_units}
            assert not {24, 25} <= units
            assert not {26, 27} <= units


def test_what_cannot_be_seen_does_not_count() -> None:
    gaping = Expression(action_units=(ActionUnit(au=26, intensity=3),))
    asleep = Expression(action_units=(ActionUnit(au=43, intensity=5),))
    assert counted(gaping)[0].sum() == counted(Expression())[0].sum() - 1
    assert counted(asleep)[1].tolist() == [0, 0, 1, 1, 1]


def test_pictures_do_not_depend_on_who_draws_them(tmp_path: Path) -> None:
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    for folder in (whole, halves):
        folder.mkdir()
        allocate(folder, 12)
    fill(on_disk(whole, writable=True), "train", range(12))
    for start in (1, 0):
        fill(on_disk(halves, writable=True), "train", range(start, 12, 2))
    first, second = on_disk(whole), on_disk(halves)
    assert first.pixels.shape == (12, KEPT, KEPT, 3)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_close_up_is_upright_wherever_the_face_is() -> None:
    """The same face, straight and moved, is nearly the same close-up."""
    who = person("test", 7)

    def seen(shown: Expression, found: Expression) -> np.ndarray:
        square = framed(evaluation.session_jpeg(render(portrait_svg(who, shown, 336))), SIDE)
        return close_up(square, place_of(found, FACE.box(336, 336), 336), CLOSE).astype(int)

    still = Expression()
    straight = seen(still, still)
    for moved in (Expression(head_roll=0.6), Expression(head_roll=-0.5, head_pitch=-0.2)):
        followed = np.abs(seen(moved, moved) - straight).mean()
        missed = np.abs(seen(moved, still) - straight).mean()
        assert followed < 0.5 * missed


@MEASURED
def test_the_figures_beside_the_network_are_of_this_form() -> None:
    figures = json.loads(MODEL.with_suffix(".json").read_text())
    assert "unit F1" in evaluation.table(figures)
    assert figures["people"] == 2000
    assert figures["f1"] >= 0.89
    assert figures["groups"]["skin"]["gap"] <= 0.03


@MEASURED
def test_the_page_quotes_the_figures() -> None:
    figures = json.loads(MODEL.with_suffix(".json").read_text())
    page = Path(__file__).parents[3] / "docs" / "design" / "008-perceiver.md"
    assert evaluation.table(figures) in page.read_text(encoding="utf-8")


def test_a_table_goes_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before <!-- figures -->old<!-- figures --> after")
    evaluation.quote("new", page)
    assert "old" not in page.read_text()
    assert page.read_text().startswith("before <!-- figures -->\n```\nnew\n```\n")
    page.write_text("no marks")
    with pytest.raises(ValueError, match="marks"):
        evaluation.quote("new", page)


def test_evaluation_of_a_few_people() -> None:
    figures = evaluation.evaluate(EmbeddedPerceiver(), people=12)
    assert 0.5 < figures["f1"] <= 1.0
    assert sum(sum(row.values()) for row in figures["prototypes"].values()) == 6
    assert evaluation.table(figures)


def test_counts_tell_hits_from_misses() -> None:
    perceiver = EmbeddedPerceiver()
    people = [sample("test", number, "prototype") for number in range(8)]
    found = evaluation.looks(perceiver, evaluation.drawn(people))
    perfect = [look._replace(seen=look.sample.expression) for look in found]
    blind = [look._replace(seen=None) for look in found]
    assert evaluation.counts(perfect).macro() == 1.0
    assert evaluation.counts(blind).macro() == 0.0
    assert evaluation.side_accuracy(perfect)["both"] == 1.0


@pytest.mark.parametrize("name", evaluation.CORRUPTIONS)
def test_every_corruption_leaves_a_picture(name: str) -> None:
    spoil = {name: evaluation.CORRUPTIONS[name]}
    looks = evaluation.looks(
        EmbeddedPerceiver(), evaluation.drawn([sample("test", 3)]), spoil[name]
    )
    assert looks[0].readout.face > 0.0


class TestWithTorch:
    """What needs the training extra."""

    @pytest.fixture(autouse=True)
    def _needs_torch(self) -> None:
        pytest.importorskip("torch")
        pytest.importorskip("onnx")

    def test_letters_sum_to_the_intensity(self) -> None:
        import torch

        from mirrorplay.agents.faces.training.network import letters

        coded = letters(torch.tensor([2.4]))
        assert torch.allclose(coded, torch.tensor([[1.0, 1.0, 0.4, 0.0, 0.0]]))

    def test_the_file_says_what_the_network_says(self, tmp_path: Path) -> None:
        import torch

        from mirrorplay.agents.faces.training.export import export
        from mirrorplay.agents.faces.training.network import Network
        from mirrorplay.agents.faces.training.place import close_up, coarse

        def tensor(pixels: Pixels) -> torch.Tensor:
            return torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None]

        torch.manual_seed(3)
        model = Network()
        with torch.no_grad():  # Norms that are not the identity.
            model.finder(torch.rand(8, 3, COARSE, COARSE) * 255)
            model.reader(torch.rand(8, 3, CLOSE, CLOSE) * 255)
        model.eval()
        path = tmp_path / "network.onnx"
        gains = np.linspace(1.0, 2.0, len(CHANNELS)).astype(np.float32)
        export(model, path, gains)
        one = sample("test", 4)
        drawing = render(portrait_svg(one.identity, one.expression, 336))
        square = framed(evaluation.session_jpeg(drawing), SIDE)
        read = EmbeddedPerceiver(str(path)).measure(square)
        with torch.no_grad():
            place = model.finder(tensor(coarse(square, COARSE)))[0].numpy()
            units, pose, face = model.reader(tensor(close_up(square, place, CLOSE)))
        pose[0, 4] += float(place[2])
        expected = np.minimum(torch.sigmoid(units).sum(-1)[0].numpy() * gains, 5.0)
        assert np.allclose(read.intensities, expected, atol=0.02)
        assert np.allclose(read.pose, pose[0], atol=0.02)
        assert read.face == pytest.approx(float(torch.sigmoid(face)), abs=0.02)

    def test_training_is_repeatable(self, tmp_path: Path) -> None:
        from mirrorplay.agents.faces.training.export import export
        from mirrorplay.agents.faces.training.fit import Recipe, train

        recipe = Recipe(pictures=32, epochs=1, batch=16)
        made = []
        for name in ("first", "second"):
            folder = tmp_path / name
            folder.mkdir()
            model = train(recipe, folder)
            export(model, folder / "network.onnx")
            made.append((folder / "network.onnx").read_bytes())
        assert made[0] == made[1]
