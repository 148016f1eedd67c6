"""What the rules on branches say, beyond the code that they refuse with."""

from __future__ import annotations

import pytest

from tests.builders import WORKFLOW


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ho-prd", "ho-prod"),
        ("ho-production", "ho-patch/ID"),
        ("ho-relase/0.2.0", "ho-release/0.2.0"),
        ("ho-release/0.2", "ho-release/X.Y.Z"),
        ("ho-path/3-tags", "ho-patch/3-tags"),
        ("ho-patches/3_tags", "ho-patch/ID"),
    ],
)
def test_the_branch_that_was_meant(shop, name, meant):
    result = shop.push(f"topic:refs/heads/{name}").refused("HH101")
    assert f"'{name}' is no branch of the workflow; the nearest is '{meant}'" in result.said


def test_a_path_that_both_commits_of_a_promotion_change_is_named_once(shop):
    script = """
        integrate 0.1.1 4-fix; prepare_promotion 0.1.1
        echo 'import os' > app/x.py; commit 'Promote 0.1.1'
        echo 'import re' > app/x.py; echo 'import re' > app/y.py; commit 'Mend it'
        git push -q origin ho-prod
    """
    said = shop.judge(script, WORKFLOW).refused("HH107").said
    assert said.count("'app/x.py' was added by the promotion") == 1
    assert said.count("'app/y.py' was added by the promotion") == 1
