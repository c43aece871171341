"""Studio: a graph that runs with no context, with its own checkpointer, and has a schema."""

import json
from pathlib import Path

from langgraph.checkpoint.memory import InMemorySaver

from mirrorplay.graphs import studio
from mirrorplay.graphs.checkpoints import serializer

ROOT = Path(__file__).parent.parent.parent


async def test_runs_with_no_context_and_an_empty_input() -> None:
    final = await studio.text.ainvoke({}, {"recursion_limit": 100})
    assert final["outcome"]


async def test_runs_under_a_checkpointer() -> None:
    graph = studio.p.copy()
    graph.checkpointer = InMemorySaver(serde=serializer())
    asked = {"persona": "ruth-feldman", "resistance": "cognitive", "seed": 3, "max_exchanges": 3}
    thread = {"configurable": {"thread_id": "1"}, "recursion_limit": 100}
    final = await graph.ainvoke(asked, thread)
    assert final["spec"].persona.id == "ruth-feldman"
    assert final["exchange"] <= 3
    kept = await graph.aget_state(thread)
    assert kept.values["outcome"] == final["outcome"]


def test_schemas_can_be_made() -> None:
    assert "persona" in json.dumps(studio.text.get_input_jsonschema())
    assert studio.p.get_graph().draw_mermaid()


def test_langgraph_json_names_graphs_that_exist() -> None:
    declared = json.loads((ROOT / "langgraph.json").read_text())["graphs"]
    for name, target in declared.items():
        module, _, attribute = target.partition(":")
        assert module == "mirrorplay.graphs.studio"
        assert getattr(studio, attribute).name == f"session:{name}"
