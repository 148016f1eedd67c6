"""Fixtures: an isolated git, and guarded projects that cost one copy each."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.builders import Dev, isolated

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", parent=settings.get_profile("default"), max_examples=20_000)
settings.load_profile("default")

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what runs in the background

MEMORY = "/dev/shm"


def pytest_configure() -> None:
    """Let temporary folders be in memory where there are 2 GiB of it: repositories are many small files."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2 << 30:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)


@pytest.fixture(scope="session", autouse=True)
def isolated_git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees the configuration, the identity or the hooks of whoever runs it."""
    before = dict(os.environ)
    home = tmp_path_factory.mktemp("home")
    isolation = isolated(home)
    (home / "template" / "hooks").mkdir(parents=True)  # what git puts there are samples, a dozen for each repository
    (home / "template" / "info").mkdir()
    # hooks ask the PATH for python3: the shim of a version manager would take longer to find it than a hook takes to run
    (home / "bin").mkdir()
    (home / "bin" / "python3").symlink_to(os.path.realpath(sys.executable))
    isolation["GIT_DISCOVERY_ACROSS_FILESYSTEM"] = "1"  # else git words it otherwise where a folder is a mount's
    isolation["GIT_TEMPLATE_DIR"] = str(home / "template")
    isolation["PATH"] = f"{home / 'bin'}{os.pathsep}{isolation['PATH']}"
    os.environ.clear()
    os.environ.update(isolation)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def sample_template(isolated_git: None, tmp_path_factory: pytest.TempPathFactory) -> Dev:
    return Dev.sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def project_template(isolated_git: None, tmp_path_factory: pytest.TempPathFactory) -> Dev:
    return Dev.create(tmp_path_factory.mktemp("project")).begin()


@pytest.fixture
def shop(sample_template: Dev, tmp_path: Path) -> Dev:
    """The sample project of sample.sh: a release in production, two in preparation."""
    return sample_template.copy(tmp_path)


@pytest.fixture
def project(project_template: Dev, tmp_path: Path) -> Dev:
    """A project that has just begun: 0.0.0 in production, nothing else."""
    return project_template.copy(tmp_path)


@pytest.fixture
def empty(tmp_path: Path) -> Dev:
    """A guarded server to which nothing was pushed yet."""
    return Dev.create(tmp_path)
