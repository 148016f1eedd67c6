"""Where the reference to a ticket goes in the message of a commit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfhooks.message import SCISSORS, refer

CUT = f"# {SCISSORS}\n# Do not modify or remove the line above.\ndiff --git a/x b/x\n+x\n"
HELP = "# Please enter the commit message for your changes.\n#\n# On branch ho-patch/12-users\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Add users\n", "Add users\n\nRefs #12\n"),
        ("Add users", "Add users\n\nRefs #12\n"),
        ("Add users\n\nThey log in.\n", "Add users\n\nThey log in.\n\nRefs #12\n"),
        ("Add users\n\n\n\n", "Add users\n\nRefs #12\n"),
        ("\nAdd users\n", "\nAdd users\n\nRefs #12\n"),
        # above the trailers, which stay together
        ("Add users\n\nSigned-off-by: A <a@b>\n", "Add users\n\nRefs #12\n\nSigned-off-by: A <a@b>\n"),
        ("Add\n\nWhy\n\nA-b: c\nD: e\n  f\n", "Add\n\nWhy\n\nRefs #12\n\nA-b: c\nD: e\n  f\n"),
        (
            "Add\n\n(cherry picked from commit 1234)\nA: b\n",
            "Add\n\nRefs #12\n\n(cherry picked from commit 1234)\nA: b\n",
        ),
        ("Fix: users\n", "Fix: users\n\nRefs #12\n"),
        ("Add users\n\nNote: this is\nno trailer\n", "Add users\n\nNote: this is\nno trailer\n\nRefs #12\n"),
        # above what git takes out
        (f"Add users\n\n{HELP}", f"Add users\n\nRefs #12\n\n{HELP}"),
        (f"Add users\n{CUT}", f"Add users\n\nRefs #12\n\n{CUT}"),
        (f"Add users\n\nA: b\n\n{HELP}{CUT}", f"Add users\n\nRefs #12\n\nA: b\n\n{HELP}{CUT}"),
        ("Add users\n# why\nthey log in\n", "Add users\n# why\nthey log in\n\nRefs #12\n"),
        # it is there already
        ("Add users (#12)\n", None),
        ("#12: add users\n", None),
        ("Add users\n\nfixes #12.\n", None),
        ("Add users\n\nRefs #12\n", None),
        # no, that is another one
        ("Add users (#123)\n", "Add users (#123)\n\nRefs #12\n"),
        ("Add users other#12\n", "Add users other#12\n\nRefs #12\n"),
        ("Add users\n\n# See #12\n", "Add users\n\nRefs #12\n\n# See #12\n"),
        # folded into another one later on
        ("fixup! Add users\n", None),
        ("squash! Add users\n\nmore\n", None),
        ("amend! Add users\n\nAdd all users\n", None),
        (f"\n\nfixup! Add users\n{HELP}", None),
        # empty: git gives up
        ("", None),
        ("\n\n", None),
        (HELP, None),
        (f"\n{HELP}{CUT}", None),
        (CUT, None),
    ],
)
def test_a_reference_has_its_place(text, wanted):
    assert refer(text, "Refs #12") == (text if wanted is None else wanted)


def test_the_ticket_of_another_tracker():
    assert refer("Add\n", "PROJ-12") == "Add\n\nPROJ-12\n"
    assert refer("PROJ-12 Add\n", "PROJ-12") == "PROJ-12 Add\n"
    assert refer("PROJ-120 Add\n", "PROJ-12") == "PROJ-120 Add\n\nPROJ-12\n"


def test_a_reference_that_is_a_trailer_joins_the_others():
    assert refer("Add\n\nA: b\n", "Ticket: PROJ-12") == "Add\n\nA: b\nTicket: PROJ-12\n"
    assert refer("Add\n", "Ticket: PROJ-12") == "Add\n\nTicket: PROJ-12\n"


def test_a_number_alone_is_no_reference():
    assert refer("Add 12 users\n", "Ticket 12") == "Add 12 users\n\nTicket 12\n"
    assert refer("Add users\n\nTicket 12\n", "Ticket 12") == "Add users\n\nTicket 12\n"


def test_a_reference_that_would_be_a_comment():
    assert refer("Add\n", "#12") == "Add\n\nRefs #12\n"
    assert refer("Add\n", "#12", ";") == "Add\n\n#12\n"


@pytest.mark.parametrize("comment", [";", "//", "%"])
def test_another_beginning_of_comments(comment):
    below = f"{comment} Please enter\n{comment} {SCISSORS}\nx\n"
    assert refer(f"Add\n\n{below}", "Refs #12", comment) == f"Add\n\nRefs #12\n\n{below}"
    assert refer(f"\n{below}", "Refs #12", comment) == f"\n{below}"


def test_the_ends_of_lines_stay():
    assert refer("Add\r\n\r\nWhy\r\n", "Refs #12") == "Add\r\n\r\nWhy\r\n\nRefs #12\n"


LINES = st.lists(
    st.sampled_from(
        ["", " ", "Add users", "# comment", "#", "A: b", "  more", "#12", "Refs #12", "x#12", "#123", "fixup! x"]
    )
    | st.text(st.characters(blacklist_characters="\n"), max_size=12)
    | st.just(f"# {SCISSORS}"),
    max_size=8,
)
TEXTS = st.builds(lambda lines, end: "\n".join(lines) + end, LINES, st.sampled_from(["", "\n", "\n\n"]))
REFERENCES = st.sampled_from(["Refs #12", "PROJ-12", "Ticket: 12", "#12"])


@given(TEXTS, REFERENCES, st.sampled_from(["#", ";"]))
def test_once_is_enough(text, reference, comment):
    once = refer(text, reference, comment)
    assert refer(once, reference, comment) == once


@given(TEXTS, REFERENCES)
def test_the_rest_stays(text, reference):
    """But for blank lines, one line more, and that before anything that git cuts off."""
    once = refer(text, reference)
    if once == text:
        return
    before, after = ([line for line in each.split("\n") if line.strip()] for each in (text, once))
    at = next(i for i, line in enumerate(after) if i >= len(before) or line != before[i])
    assert after[:at] + after[at + 1 :] == before
    assert after[at].endswith(reference)
    assert f"# {SCISSORS}" not in after[:at]
