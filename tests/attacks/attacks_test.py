"""Plays the corpus: each `*.sh` beside this file is a family of stories, each story one real push that is judged.

    ### title
    # refused: HH301 HH403          or    # refused    (by any rule)    or    # accepted
    git switch -q ho-release/0.2.0
    ...
    git push -q origin ho-release/0.2.0

A story is played by `sh -e` in the clone of a fresh copy of the sample project (see ../sample.sh), with the steps of
../workflow.sh at hand. All lines but the last must succeed. The last is the push that is judged: refused means by one of
these codes, with no ref moved. What a file holds before its first story (helpers) precedes each of them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.builders import WORKFLOW, Dev

UNPRINTABLE = re.compile(r"^remote: .*[\x00-\x09\x0b-\x1f\x7f-\x9f]", re.MULTILINE)


class Story(NamedTuple):
    family: str
    title: str
    refused: bool
    codes: tuple[str, ...]
    script: str


def stories(file: Path) -> list[Story]:
    helpers, *parts = re.split(r"^### ", file.read_text(), flags=re.MULTILINE)
    found = []
    for part in parts:
        title, verdict, script = part.split("\n", 2)
        told = re.fullmatch(r"# (accepted|(?P<refused>refused)(?P<codes>:( HH\d{3})+)?)", verdict)
        assert told, f"{file.name}: {title}: {verdict}"
        found.append(
            Story(file.stem, title, bool(told["refused"]), tuple((told["codes"] or "").split()[1:]), helpers + script)
        )
    return found


CORPUS = [story for file in sorted(Path(__file__).parent.glob("*.sh")) for story in stories(file)]


@pytest.mark.parametrize("story", CORPUS, ids=[f"{story.family}: {story.title}" for story in CORPUS])
def test_attack(shop: Dev, story: Story) -> None:
    result = shop.judge(story.script, WORKFLOW)
    assert not list(shop.clone.parent.rglob("pwned")), "the server executed what was pushed"
    assert not UNPRINTABLE.search(result.output), f"what was pushed reaches the terminal as it is: {result.output!r}"
    if story.refused:
        result.refused(*story.codes)
    else:
        result.accepted()


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len([story for story in CORPUS if story.refused]) >= 80
    assert len([story for story in CORPUS if not story.refused]) >= 20
    assert len({(story.family, story.title) for story in CORPUS}) == len(CORPUS)
