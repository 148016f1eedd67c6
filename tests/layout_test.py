"""The tables of names: every form can be printed, and only one of them reads what was printed."""

from __future__ import annotations

import pytest

from halfhooks.layout import HALFHOOKS, IMMUTABLE_FILES, WORKFLOWS
from halfhooks.names import RELEASE_TAG, parse_file_name, parse_ref, release_file, release_tag
from halfhooks.version import Version

VERSION = Version(1, 2, 3)


@pytest.mark.parametrize("layout", WORKFLOWS.values(), ids=list(WORKFLOWS))
def test_each_form_reads_its_own_names_only(layout):
    for form, (_, after) in layout.files:
        number = 0 if after is None else 12
        assert parse_file_name(release_file(VERSION, form, layout, number), layout) == (VERSION, form, number)
    for form, (_, after) in layout.tags:
        number = 0 if after is None else 12
        name = parse_ref("refs/tags/" + release_tag(VERSION, form, layout, number), layout)
        assert (name.kind, name.version, name.form, name.number) == (RELEASE_TAG, VERSION, form, number)


@pytest.mark.parametrize("layout", WORKFLOWS.values(), ids=list(WORKFLOWS))
def test_the_names_do_not_overlap(layout):
    assert layout.production.startswith(layout.reserved)
    assert layout.release.startswith(layout.reserved)
    assert layout.patch.startswith(layout.reserved)
    assert len({layout.production, layout.release, layout.patch}) == 3
    assert len({folder.lower() for folder in layout.folders()}) == 3
    assert {*IMMUTABLE_FILES} <= {form for form, _ in layout.files}


@pytest.mark.parametrize("layout", WORKFLOWS.values(), ids=list(WORKFLOWS))
def test_every_workflow_names_its_branches_alike(layout):
    def branches(one):
        return one.production, one.release, one.patch, one.reserved, one.policy

    assert branches(layout) == branches(HALFHOOKS)


@pytest.mark.parametrize(
    ("root", "names", "expected"),
    [
        ("", (), "Patches"),
        ("", ("1-a", "1.sql"), "Patches/1-a/1.sql"),
        ("services/shop/", ("1-a",), "services/shop/Patches/1-a"),
    ],
)
def test_path(root, names, expected):
    layout = HALFHOOKS._replace(root=root)
    assert layout.path(layout.patches, *names) == expected


def test_the_production_branch_is_a_branch():
    assert HALFHOOKS.production_ref() == "refs/heads/ho-prod"
