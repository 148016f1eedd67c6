"""The version of the tool that wrote a project's files, which no branch may lower."""

from __future__ import annotations

import pytest

from tests.builders import Dev


def configured(project: Dev, *texts: str) -> Dev:
    """A patch of 0.1.0 whose branch, integrated, brings `.hop/config` with these contents, one commit each."""
    project.start_release("0.1.0").new_patch("0.1.0", "1-a")
    for text in texts:
        project.commit(".hop/config", text)
    return project


def test_a_configuration_without_a_version_is_not_lower_than_any(project):
    configured(project, "[halfORM]\npackage_name = shop\n").push("ho-patch/1-a").accepted()
    project.integrate("0.1.0", "1-a").promote("0.1.0")
    project.start_release("0.2.0").new_patch("0.2.0", "2-b")
    project.commit(".hop/config", "[halfORM]\nhop_version = 0.0.1\n").push("ho-patch/2-b").accepted()


@pytest.mark.parametrize(
    ("before", "after", "accepted"),
    [
        ("0.17.0-a8", "0.17.0", True),
        ("0.17.0", "0.17.0-rc1", False),
        ("0.17.0-rc1", "0.17.0-a9", False),
        ("0.9.0", "0.10.0", True),
        ("0.17.0", "0.16.9", False),
        ("0.17.0a8", "0.17.0-a8", True),
        ("0.17.0-b1", "0.17-alpha7", False),
    ],
)
def test_versions_of_the_tool_are_compared_as_versions(project, before, after, accepted):
    configured(project, f"hop_version = {before}\n").push("ho-patch/1-a").accepted()
    project.integrate("0.1.0", "1-a").promote("0.1.0")
    project.start_release("0.2.0").new_patch("0.2.0", "2-b")
    result = project.commit(".hop/config", f"hop_version = {after}\n").push("ho-patch/2-b")
    if accepted:
        result.accepted()
    else:
        assert " ".join(f"hop_version {after} is lower than {before}".split()) in result.refused("HH210").said
