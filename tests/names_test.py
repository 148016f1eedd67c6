"""Names of refs, patches and files: what each one is, and what it could be mistaken for."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfhooks import names
from halfhooks.layout import HALFHOOKS
from halfhooks.names import (
    BAD_PATCH_ID,
    BRANCH,
    LOOK_ALIKE,
    OTHER,
    PATCH_BRANCH,
    PRODUCTION_BRANCH,
    RELEASE_BRANCH,
    RELEASE_TAG,
    TAG,
    UNKNOWN_BRANCH,
    UNKNOWN_TAG,
    fold,
    is_patch_id,
    nearest,
    parse_file_name,
    parse_ref,
    patch_number,
    release_file,
    release_tag,
    resembles,
)
from halfhooks.version import Version
from tests.version_test import NUMBER, versions

VERSION = rf"{NUMBER}\.{NUMBER}\.{NUMBER}"
COUNT = "([1-9][0-9]{0,5})"
PATCH = r"[0-9]+(-[a-z0-9]+)+"
V012 = Version(0, 1, 2)
KINDS = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)}

PIECES = (
    "ho- ho-prod ho-release/ ho-patch/ v 0 1 0.1.2 12 -rc -hotfix -abandoned -candidates.txt -stage.txt .txt - / . rc HEAD"
    " refs/ refs/heads/ refs/tags/ refs/notes/ é \u0435 \uff48 \u2010 \u200b \ud800 \n x HO- V"
)
pieces = st.sampled_from(PIECES.split(" "))
nearly = st.lists(pieces, max_size=5).map("".join) | st.text(max_size=10)


def kind(ref: str) -> str:
    return parse_ref(ref, HALFHOOKS).kind


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("refs/heads/ho-prod", PRODUCTION_BRANCH),
        ("refs/heads/ho-prod/", UNKNOWN_BRANCH),
        ("refs/heads/ho-production", UNKNOWN_BRANCH),
        ("refs/heads/ho-release/0.1.2", RELEASE_BRANCH),
        ("refs/heads/ho-release/0.1", UNKNOWN_BRANCH),
        ("refs/heads/ho-release/0.1.2/x", UNKNOWN_BRANCH),
        ("refs/heads/ho-release", UNKNOWN_BRANCH),
        ("refs/heads/ho-patch/12-a", PATCH_BRANCH),
        ("refs/heads/ho-patch/12", BAD_PATCH_ID),
        ("refs/heads/ho-patch/", BAD_PATCH_ID),
        ("refs/heads/ho-patch/12-a/b", BAD_PATCH_ID),
        ("refs/heads/ho-", UNKNOWN_BRANCH),
        ("refs/heads/main", BRANCH),
        ("refs/heads/HEAD", LOOK_ALIKE),
        ("refs/heads/refs/heads/ho-prod", LOOK_ALIKE),
        ("refs/heads/Ho-Prod", LOOK_ALIKE),
        ("refs/tags/v0.1.2", RELEASE_TAG),
        ("refs/tags/v0.1.2-rc1", RELEASE_TAG),
        ("refs/tags/v0.1.2-rc0", UNKNOWN_TAG),
        ("refs/tags/v0.1.2-rc01", UNKNOWN_TAG),
        ("refs/tags/v0.1.2-rc", UNKNOWN_TAG),
        ("refs/tags/v0.1.2-beta1", UNKNOWN_TAG),
        ("refs/tags/v0.1.2-stage.txt", UNKNOWN_TAG),
        ("refs/tags/v1", UNKNOWN_TAG),
        ("refs/tags/v", TAG),
        ("refs/tags/vendor", TAG),
        ("refs/tags/1.0.0", TAG),
        ("refs/tags/V0.1.2", LOOK_ALIKE),
        ("refs/tags/ho-prod", LOOK_ALIKE),
        ("refs/tags/ho-anything", LOOK_ALIKE),
        ("refs/notes/commits", OTHER),
        ("refs/replace/ho-prod", OTHER),
        ("HEAD", OTHER),
        ("", OTHER),
    ],
)
def test_the_kind_of_a_ref(ref, expected):
    assert kind(ref) == expected


@given(nearly)
def test_every_ref_is_of_one_kind(name):
    for prefix in ("", "refs/heads/", "refs/tags/", "refs/"):
        parsed = parse_ref(prefix + name, HALFHOOKS)
        assert parsed.kind in KINDS
        assert parsed.policed == (parsed.kind in (PRODUCTION_BRANCH, RELEASE_BRANCH, PATCH_BRANCH))
        assert bool(parsed.version) == (parsed.kind in (RELEASE_BRANCH, RELEASE_TAG))
        assert bool(parsed.meant) == (parsed.kind == LOOK_ALIKE)


@given(nearly)
def test_a_ref_of_the_workflow_is_what_a_regular_expression_says(name):
    branch, tag = parse_ref("refs/heads/" + name, HALFHOOKS), parse_ref("refs/tags/" + name, HALFHOOKS)
    assert (branch.kind == RELEASE_BRANCH) == bool(re.fullmatch(f"ho-release/{VERSION}", name))
    short = len(name) <= len("ho-patch/") + names.LONGEST_PATCH_ID
    assert (branch.kind == PATCH_BRANCH) == (short and bool(re.fullmatch(f"ho-patch/{PATCH}", name)))
    assert (tag.kind == RELEASE_TAG) == bool(re.fullmatch(f"v{VERSION}(-(rc|hotfix|abandoned){COUNT})?", name))
    if name.startswith("ho-"):
        assert branch.kind not in (BRANCH, LOOK_ALIKE)
    if re.match("v[0-9]", name):
        assert tag.kind in (RELEASE_TAG, UNKNOWN_TAG, LOOK_ALIKE)


@given(versions, st.sampled_from([form for form, _ in HALFHOOKS.files]), st.integers(1, 999_999))
def test_print_and_parse_a_release_file(version, form, number):
    numbered = form in ("rc", "hotfix")
    text = release_file(version, form, HALFHOOKS, number)
    parsed = parse_file_name(text, HALFHOOKS)
    assert parsed == (version, form, number if numbered else 0)
    assert parsed is not None
    assert parsed.mutable == (form in ("candidates", "stage"))


@given(versions, st.sampled_from([form for form, _ in HALFHOOKS.tags]), st.integers(1, 999_999))
def test_print_and_parse_a_release_tag(version, form, number):
    parsed = parse_ref("refs/tags/" + release_tag(version, form, HALFHOOKS, number), HALFHOOKS)
    assert (parsed.kind, parsed.version, parsed.form) == (RELEASE_TAG, version, form)
    assert parsed.number == (0 if form == "production" else number)


@given(nearly)
def test_a_release_file_is_what_a_regular_expression_says(text):
    form = f"{VERSION}(-candidates|-stage|-rc{COUNT}|-hotfix{COUNT})?.txt".replace(".txt", r"\.txt")
    assert (parse_file_name(text, HALFHOOKS) is not None) == bool(re.fullmatch(form, text))


@pytest.mark.parametrize(
    "text", ["1-a", "007-seven", "1-a-b-c", "1-2", "1-2a", "99999999999999999999-x", "1-" + "a" * 78]
)
def test_is_a_patch_id(text):
    assert is_patch_id(text)


@pytest.mark.parametrize(
    "text",
    ["", "1", "a", "1-", "-a", "1--a", "1-a-", "1-A", "1_a", "1-a_b", "a-1", "1-é", "1-ª", "1-²", "١-a", "1-a\n"]
    + ["1-a ", " 1-a", "1-a.", "1-a/b", "+1-a", "1-" + "a" * 79, "1\u2010a", "1-a\u200b", "1-\uff41", "1-a\0"],
)
def test_is_no_patch_id(text):
    assert not is_patch_id(text)


@given(st.text("019azAZ-_. é²\n", max_size=12) | st.from_regex(f"{PATCH}$", fullmatch=False))
def test_patch_ids_agree_with_the_specification(text):
    assert is_patch_id(text) == (len(text) <= 80 and bool(re.fullmatch(PATCH, text, re.ASCII)))


def test_the_number_of_a_patch_is_an_integer():
    assert patch_number("007-a") == patch_number("7-b-1") == 7
    assert patch_number("70-a") != 7


# --- names that a reader takes for another


DASHES = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Pd" and chr(code) != "-"]
INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufe0f\ufeff\U000e0061"
COMBINING = "\u0301\u0323\u20dd\u0488"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HO-PROD", "ho-prod"),
        ("Ho-prod", "ho-prod"),
        ("hO-Patch/1-a", "ho-patch/1-a"),
        ("HO-RELEASE/1.0.0", "ho-release/1.0.0"),
        ("\uff48\uff4f-prod", "ho-prod"),  # full width
        ("\uff28\uff2f\uff0dprod", "ho-prod"),
        ("𝐡𝐨-prod", "ho-prod"),  # mathematical bold
        ("ⓗⓞ-prod", "ho-prod"),
        ("ʰᵒ-prod", "ho-prod"),
        ("h\u00f6-prod", "ho-prod"),
        ("hо-prod", "ho-prod"),  # Cyrillic o
        ("ho-рrod", "ho-prod"),  # Cyrillic er
        ("hο-prod", "ho-prod"),  # Greek omicron
        ("һo-release/1.0.0", "ho-release/1.0.0"),  # Cyrillic shha
        ("hо-раtсh/1-a", "ho-patch/1-a"),  # mostly Cyrillic
        ("на-prod", "ho-prod"),  # other letters, the same shape
        ("ho\u2010release/\u0661.0.0", "ho-release/1.0.0"),  # Arabic digit
        ("ho\u2010patch/１-a", "ho-patch/1-a"),
        ("h\u00f8-prod", "ho-prod"),  # a letter that no normal form takes apart
        ("HO-anything", "ho-anything"),
        ("ho\u2212prod", "ho-prod"),  # minus
        ("ho\u02d7prod", "ho-prod"),
        ("ho\u2043prod", "ho-prod"),
        ("ho\u207bprod", "ho-prod"),  # superscript minus
        ("ho\x7f\u2010prod", "ho-prod"),
        ("ho\u3000\u2010prod", "ho-prod"),  # ideographic space
    ],
)
def test_look_alikes_of_branches(name, meant):
    parsed = parse_ref("refs/heads/" + name, HALFHOOKS)
    if not name.startswith("ho-"):
        assert parsed == names.RefName(LOOK_ALIKE, meant=meant)
    assert resembles(name, HALFHOOKS) == meant


@pytest.mark.parametrize(("where", "characters"), [(2, DASHES), (1, INVISIBLE), (1, COMBINING)])
def test_characters_that_hide(where, characters):
    for character in characters:
        name = "ho" + character + "prod" if characters is DASHES else "h" + character + "o-prod"
        assert kind("refs/heads/" + name) == LOOK_ALIKE, ascii(name)
        assert kind("refs/tags/" + name) == LOOK_ALIKE, ascii(name)


# invisible, but to Unicode a letter or a symbol; and a dash that is no Pd
@pytest.mark.parametrize("character", list("\u115f\u1160\u3164\uffa0\u2800"))
def test_invisible_letters_hide(character):
    assert kind(f"refs/heads/h{character}o-prod") == LOOK_ALIKE


@pytest.mark.parametrize("dash", list("\u2053\u2796"))
def test_dashes_of_other_categories_hide(dash):
    assert kind(f"refs/heads/ho{dash}prod") == LOOK_ALIKE


@pytest.mark.parametrize(
    "name", ["V1.0.0", "v\u0661.0.0", "\uff561.0.0", "v\u200b1.0.0", "ѵ1.0.0", "ν1.0.0", "v1.0.0é"]
)
def test_look_alikes_of_tags(name):
    assert kind("refs/tags/" + name) == LOOK_ALIKE


INNOCENT_BRANCHES = (
    "topic hot-prod hotfix hooks h ho hop how-to échange 日本 日本-x 京-prod v-neck home-page ho_prod hö prod Main FEATURE/x"
    " Hotfix HOtel häuser-prod ünder-prod о-prod но-прод хо-прод xo-prod release/1.0.0 ho.prod Über-uns"
    " ελληνικά--prod 日-本/1 --- é"
)
INNOCENT_TAGS = "v-neck vendor version-1 Version2 1.0.0 release-1.0.0 日本 é1.0 V Vé nightly-2026 x1.0.0 vé1"


@pytest.mark.parametrize("name", INNOCENT_BRANCHES.split())
def test_innocent_branches(name):
    assert kind("refs/heads/" + name) == BRANCH


@pytest.mark.parametrize("name", INNOCENT_TAGS.split())
def test_innocent_tags(name):
    assert kind("refs/tags/" + name) == TAG


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-_./"))
def test_a_plain_name_folds_to_itself(name):
    assert fold(name) == name
    assert resembles(name, HALFHOOKS) == ""


@given(nearly)
def test_what_folds_to_a_name_of_the_workflow_is_never_an_ordinary_branch(name):
    folded = fold(name)
    if folded == "ho-prod" or folded.startswith("ho-"):
        assert kind("refs/heads/" + name) != BRANCH
        assert kind("refs/tags/" + name) != TAG


@given(st.text(max_size=12))
def test_folding_forgets_case_and_composition(name):
    assert fold(unicodedata.normalize("NFD", name)) == fold(unicodedata.normalize("NFC", name))
    assert fold(name.upper().lower()) == fold(name.lower().upper().lower())


# --- the nearest name


@pytest.mark.parametrize(
    ("word", "expected"),
    [("ho-produ", "ho-prod"), ("ho-relase/1.0.0", "ho-release/"), ("HO-PATCH/", "ho-patch/"), ("", "ho-prod")],
)
def test_nearest(word, expected):
    assert nearest(word, ["ho-prod", "ho-release/", "ho-patch/"]) == expected


def test_nearest_of_nothing():
    assert nearest("x", []) == ""


def levenshtein(a: str, b: str) -> int:
    if not a or not b:
        return len(a) + len(b)
    return min(levenshtein(a[1:], b) + 1, levenshtein(a, b[1:]) + 1, levenshtein(a[1:], b[1:]) + (a[0] != b[0]))


@given(st.text("ab", max_size=5), st.lists(st.text("ab", max_size=5), min_size=1, max_size=4))
def test_nearest_is_the_first_of_the_smallest_distance(word, choices):
    assert nearest(word, choices) == min(choices, key=lambda choice: levenshtein(word, choice))


def test_nearest_is_quick_on_names_of_any_length():
    assert nearest("x" * 100_000, ["y" * 100_000, "x" * 100_000]) == "x" * 100_000
