"""A graph drawn: as Mermaid text, and as plain text for a terminal."""

from typing import cast

from mirrorplay.agents.roles import Mode
from mirrorplay.graphs.screenplay import build_screenplay_graph
from mirrorplay.graphs.session import SessionGraph, build_session_graph


def graph_of(name: str) -> SessionGraph:
    """The graph of a mode, or `screenplay`."""
    if name == "screenplay":
        return build_screenplay_graph()
    return build_session_graph(cast(Mode, name))


def mermaid(name: str) -> str:
    """Mermaid source, to paste into a page that renders it."""
    return graph_of(name).get_graph().draw_mermaid()


def edges(name: str) -> list[tuple[str, str, bool]]:
    """(source, target, conditional) of every edge."""
    return [
        (edge.source, edge.target, edge.conditional) for edge in graph_of(name).get_graph().edges
    ]


def outline(name: str) -> str:
    """One line a step: what it leads to; `?` marks a choice of the supervisor."""
    steps: dict[str, list[str]] = {}
    for source, target, conditional in edges(name):
        label = target.strip("_") + ("?" if conditional else "")
        steps.setdefault(source.strip("_"), []).append(label)
    width = max(len(step) for step in steps)
    return "\n".join(f"{step:>{width}} → {' · '.join(targets)}" for step, targets in steps.items())
