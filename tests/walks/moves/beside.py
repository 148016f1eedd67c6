"""What is no business of the workflow."""

from __future__ import annotations

from random import Random

from tests.walks.moves._registry import Pushes, flip, move
from tests.walks.project import PRODUCTION, Project


@move(lambda project: [None])
def document(project: Project, random: Random, _: None) -> Pushes:
    """A free path on ho-prod, or on a release."""
    change = {f"docs/{len(project.clone.commits)}.md": "words\n"}
    release = random.choice([None, *project.open_releases()])
    tip = project.change(release.tip if release else project.production, "Document", change)
    yield {release.branch if release else PRODUCTION: tip}
    if release:
        release.tip = tip
    else:
        project.production = tip


@move(lambda project: [None])
def elsewhere(project: Project, random: Random, _: None) -> Pushes:
    """Branches and tags that are nobody's business."""
    turn = len(project.clone.commits)
    start = random.choice(project.clone.commits)
    idea = project.change(start, "An idea", {"releases/9.9.9.txt": "x\n", f"app/{turn}.py": "# x\n"})
    ref = random.choice([f"refs/heads/topic/{turn}", f"refs/tags/demo-{turn}", *project.topics])
    if ref in project.topics and flip(random):
        yield {ref: None}
        del project.topics[ref]
    else:
        yield {ref: idea}
        project.topics[ref] = idea
