"""The card is valid on the hub and says what the data are not."""

import re

import pytest
import yaml

from mirrorplay.runs.card import COLUMNS, SCREEN_FOUND, SCREEN_FOUND_OTHERS, dataset_card
from mirrorplay.runs.dataset import SCHEMA

CONFIG = {
    "name": "quickstart",
    "sample": {"personas": "library"},
    "client": {"kind": "scripted"},
    "face": {"kind": "portrait"},
    "therapist": {"kind": "scripted"},
    "supervisor": {"kind": "scripted"},
    "judge": {"kind": "scripted"},
}


def _front(card):
    return yaml.safe_load(card.split("---\n")[1])


def test_the_front_matter_points_at_the_parts():
    front = _front(dataset_card(CONFIG, 24))
    assert front["configs"] == [
        {
            "config_name": "default",
            "data_files": [{"split": "train", "path": "sessions/*.parquet"}],
        }
    ]
    assert (front["license"], front["size_categories"]) == ("mit", ["n<1K"])
    assert _front(dataset_card(CONFIG, 1000))["size_categories"] == ["1K<n<10K"]
    assert _front(dataset_card(CONFIG, 10**9))["size_categories"] == ["100M<n<1B"]


@pytest.mark.parametrize(
    "change",
    [
        {"therapist": {"kind": "model"}},
        {"client": {"kind": "custom"}},
        {"sample": {"personas": "forms/"}},
        {"sample": None},
    ],
)
def test_texts_of_others_are_not_put_under_our_licence(change):
    front = _front(dataset_card({**CONFIG, **change}, 24))
    assert front["license"] == "other"
    assert front["license_name"]


def test_the_hub_accepts_the_card():
    hub = pytest.importorskip("huggingface_hub")
    card = hub.DatasetCard(dataset_card(CONFIG, 24))
    assert card.data.license == "mit"
    assert card.data.pretty_name.startswith("quickstart")
    assert card.data.task_categories == ["text-generation", "image-text-to-text"]


def test_a_hostile_name_stays_a_name():
    name = "---\nlicense: gpl\n# x | <script> {0.__class__} %s"
    card = dataset_card({**CONFIG, "name": name}, 1)
    assert _front(card)["license"] == "mit"
    assert "<script>" not in card.split("---\n", 2)[2]
    assert "{0.__class__}" in card


def test_the_card_says_what_the_data_are_not():
    text = " ".join(dataset_card(CONFIG, 24).split())
    for phrase in (
        "24 simulated counselling sessions",
        "Nobody here is real",
        "no sample of any clinical population",
        "a model's assumption**, partly calibrated on acted demonstrations",
        "A face does not reveal a feeling",
        "Scores are imputed",
        "Not for diagnosis, monitoring, triage, therapy without supervision, or for recognising "
        "the emotions of real people (which the EU AI Act restricts)",
        "English, one session a client, no voice, no body",
        "count them apart, and leave them out of averages and of training",
        "clinician validation, none so far",
    ):
        assert phrase in text
    assert "failed every attempt" not in text
    assert "3 more failed every attempt" in dataset_card(CONFIG, 24, n_failed=3)


def test_the_card_quotes_what_the_screen_finds_by_group():
    text = " ".join(dataset_card(CONFIG, 24).split())
    for name, (hits, n) in SCREEN_FOUND.items():
        assert f"{'' if name == 'all' else f'{name} '}{hits / n:.0%} (n={n})" in text
    hits, n = SCREEN_FOUND_OTHERS
    assert f"by other writers it found {hits / n:.0%} (n={n})" in text
    assert "has not been tried on the words of real people" in text


def test_what_is_hidden_is_named_in_the_columns_and_in_the_warning():
    text = " ".join(dataset_card(CONFIG, 24).split())
    warning = text[text.index("must not see") : text.index("Split by")]
    for name in ("persona", "resistance", "turns.state", "turns.intended_act", "turns.expression"):
        assert f"`{name}`" in warning
    for name in ("state", "intended_act", "expression"):
        assert f"`{name}`" in COLUMNS["turns"].split("hidden truth")[0]
    assert "hidden" in COLUMNS["persona"]
    assert "hidden" in COLUMNS["resistance"]


def test_where_a_row_came_from_is_described_as_it_is():
    assert "spool" in COLUMNS["attempt"]
    assert "restarts after a commit" in COLUMNS["attempt"]
    for name in ("graph", "checkpoint", "thread", "parent"):
        assert f"`{name}`" in COLUMNS["provenance"]


def test_every_column_is_described():
    assert list(COLUMNS) == SCHEMA.names
    described = re.findall(r"^\| `(\w+)` \|", dataset_card(CONFIG, 1), re.MULTILINE)
    assert described == SCHEMA.names
