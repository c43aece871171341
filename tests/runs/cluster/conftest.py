"""One small Ray for all tests that play in this process."""

from collections.abc import Iterator

import pytest
import ray


@pytest.fixture(scope="session", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )
    yield
    ray.shutdown()
