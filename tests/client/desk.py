"""A developer whose clone runs our hooks: real git, and what it said."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple, Optional

from tests.builders import PROJECT, Dev

HOOKS = PROJECT / "hooks"
"""The folder that a clone takes its hooks from."""
CODE = re.compile(r"^(error|warning)\[(HH\d{3})\]", re.MULTILINE)


class Said(NamedTuple):
    """How a git command ended."""

    status: int
    text: str

    @property
    def ours(self) -> str:
        """What our hook said, its lines joined as they were before they were wrapped."""
        return " ".join(self.text.split())

    @property
    def codes(self) -> set[str]:
        return {code for kind, code in CODE.findall(self.text) if kind == "error"}

    def stopped(self, *codes: str, says: str = "") -> Said:
        """Our hook stopped git, for these codes, and said so."""
        assert self.status, f"git went on:\n{self.text}"
        assert "Traceback" not in self.text and "internal error" not in self.text, self.text
        assert self.codes == set(codes), f"{sorted(self.codes)}, not {codes}:\n{self.text}"
        assert says in self.ours, self.text
        return self

    def passed(self, says: str = "") -> Said:
        """Git did it, and our hooks said nothing, or just this."""
        assert not self.status, self.text
        assert bool(says) == ("halfhooks" in self.text), self.text
        assert says in self.ours, self.text
        return self


class Desk:
    """A clone with our hooks. What changes its files returns itself; git commands say how they ended."""

    def __init__(self, clone: Path, **environment: str) -> None:
        self.clone = clone
        self.environment = environment

    @classmethod
    def of(cls, dev: Dev) -> Desk:
        return cls(dev.clone).hooked()

    def hooked(self) -> Desk:
        self.git("config", "core.hooksPath", str(HOOKS)).passed()
        return self

    def git(self, *arguments: str, text: str = "", **environment: str) -> Said:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.clone,
            env={**os.environ, **self.environment, **environment},
            input=text.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return Said(done.returncode, done.stdout.decode("utf-8", "backslashreplace"))

    def ask(self, *arguments: str) -> str:
        """What git answers."""
        return self.git(*arguments).passed().text.strip()

    def write(self, path: str, text: Optional[str]) -> Desk:
        """Write a file, or remove it."""
        file = self.clone / path
        if text is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(os.fsencode(text))
        return self

    def stage(self, path: str, text: Optional[str]) -> Desk:
        """Write or remove a file, and add that to the index."""
        self.write(path, text).git("add", "-A", "--", path).passed()
        return self

    def switch(self, *arguments: str) -> Desk:
        self.git("switch", "-q", *arguments)
        return self

    def commit(self, *options: str, **environment: str) -> Said:
        return self.git("commit", "-q", "-m", "Change", *options, **environment)

    def forced(self, *options: str) -> Desk:
        """A commit that no hook sees."""
        assert not self.commit("--no-verify", *options).status
        return self

    def message(self) -> str:
        return self.ask("log", "-1", "--format=%B")
