"""The projects of the other tests, with our hooks in the clone."""

from __future__ import annotations

import pytest

from tests.builders import Dev
from tests.client.desk import Desk


@pytest.fixture
def desk(shop: Dev) -> Desk:
    """A clone of the sample project, on the branch of 3-tags."""
    return Desk.of(shop).switch("ho-patch/3-tags")
