"""Event logs: one JSON line an event in `logs/<process>.jsonl`, with its session_id."""

from pathlib import Path

import structlog


def open_log(folder: Path, process: str) -> structlog.typing.FilteringBoundLogger:
    """The log of one process of a run, appended to."""
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / f"{process}.jsonl").open("a", encoding="utf-8", buffering=1)
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(file),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(20),
    )
    return logger
