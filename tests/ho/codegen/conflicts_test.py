"""Generated modules that two branches have changed: git's conflicts in generated lines are settled by generating."""

from __future__ import annotations

from halfhooks.ho.codegen.regions import BEGIN, END, settled

HUNK = "<<<<<<< ours\none\n=======\ntwo\n>>>>>>> theirs\n"


def test_a_conflict_in_generated_lines_is_settled_and_no_other() -> None:
    region = f"{BEGIN}mine\n{END}"
    assert settled(f"{HUNK}{region}rest\n") == f"one\n{region}rest\n"
    inside = f"{BEGIN}{HUNK}{END}"
    assert settled(f"{HUNK}{inside}") == f"one\n{inside}"
    around = f"<<<<<<< a\n{BEGIN}one\n=======\ntwo\n>>>>>>> b\n"
    assert settled(around) == around


def test_the_base_that_git_may_show_is_left_out() -> None:
    assert settled("<<<<<<< a\none\n||||||| base\nold\n=======\ntwo\n>>>>>>> b\nend\n") == "one\nend\n"


def test_what_is_no_conflict_stays() -> None:
    for text in ("<<<<<<< not one\n=======\n", "=======\n", ""):
        assert settled(text) == text
