"""Pushes in plain git that break the workflow, for the server to refuse."""

from __future__ import annotations

from halfhooks.ho.demo.ground import PRODUCTION, Ground
from halfhooks.ho.demo.show import Show


def violate(show: Show) -> None:
    """Pushes that break the workflow; each starts from what the server has."""
    ground = show.ground
    show.console.title("Pushes that break it, and what the one who pushes sees")

    restart(ground, PRODUCTION)
    ground.write("app.py", "print('quick fix')\n")
    ground.commit("A quick fix, straight to production")
    show.refuse("A commit straight to production", "HH107", PRODUCTION)

    restart(ground, PRODUCTION)
    ground.git("reset", "-q", "--hard", f"{PRODUCTION}~1")
    show.refuse("History of production rewritten", "HH104", f"+{PRODUCTION}")

    show.refuse("The production branch deleted", "HH103", f":{PRODUCTION}")

    restart(ground, "ho-release/0.2.0")
    ground.write("releases/0.1.0.txt", "1-users\n7-smuggled\n")
    ground.commit("Add a patch to a version that is in production")
    ground.git("revert", "--no-edit", "HEAD")
    show.refuse("A released list edited, and put back by the next commit", "HH301", "ho-release/0.2.0")

    ground.git("branch", "-q", "-f", "ho-release/0.4.0", f"origin/{PRODUCTION}")
    show.refuse("A version skipped", "HH201", "ho-release/0.4.0")

    ground.git("branch", "-q", "-f", "ho-relase/0.3.0", f"origin/{PRODUCTION}")
    show.refuse("A branch name mistyped", "HH101", "ho-relase/0.3.0")

    ground.git("branch", "-q", "-f", "h\u043e-prod", f"origin/{PRODUCTION}")
    show.refuse("A branch that only looks like production (a Cyrillic letter)", "HH102", "h\u043e-prod")

    restart(ground, "ho-patch/9-secret", "origin/ho-release/0.2.0")
    ground.write("Patches/9-secret/01.sql", "drop table users;\n")
    ground.commit("A patch that nobody announced")
    show.refuse("A patch that is no candidate", "HH110", "ho-patch/9-secret")

    show.refuse("A patch branch deleted with its work", "HH106", ":ho-patch/3-tags")

    ground.git("tag", "-f", "-a", "-m", "Once more", "v0.1.0", f"origin/{PRODUCTION}~1")
    show.refuse("A release tag moved", "HH601", "-f", "v0.1.0")

    restart(ground, "ho-release/0.2.0")
    ground.write("releases/0.2.0-candidates.txt", "")
    ground.write("releases/0.2.0-stage.txt", "3-tags\n")
    ground.commit("Stage 3-tags")
    show.refuse("A patch staged, but its branch was never merged", "HH308", "ho-release/0.2.0")


def restart(ground: Ground, branch: str, start: str = "") -> None:
    """Puts a local branch where the server has it (or at `start`), and switches to it."""
    ground.git("fetch", "-q", "origin")
    ground.git("switch", "-q", "--discard-changes", "-C", branch, start or f"origin/{branch}")
