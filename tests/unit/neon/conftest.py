"""What tests of NEON share."""

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums in one order, and matrices too small for more than one."""
    with threadpool_limits(1):
        yield
