"""The README and the pages for people say nothing that did not happen.

The shell blocks of README.md, docs/plain-git.md and docs/adopt.md are run, the README's refusal is provoked and its
configuration read. A line that ends in `# refused: HH107` is a push that the server has to refuse, for that rule.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from halfhooks.config import PARSERS, Config, make_config, parse_config
from halfhooks.ho.cli import COMMANDS, load, main
from halfhooks.ho.commands.demo import database_servers
from tests.builders import WORKFLOW, Dev, Server, run

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PLAIN_PAGE = (ROOT / "docs" / "plain-git.md").read_text("utf-8")
ADOPT_PAGE = (ROOT / "docs" / "adopt.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)

SESSION = "The whole way of one patch"
SITUATIONS = {
    "A release candidate": "",
    "A hotfix": "",
    "Withdraw a candidate": "",
    "Move a candidate to another release": "",
    "Rename a patch": "",
    "More work on a patch that is staged": """
        merge_patch 0.1.1 4-fix; move_to_stage 0.1.1 4-fix; commit 'Stage 4-fix'; push ho-release/0.1.1""",
    "Abandon a release and start it again": "integrate 0.2.0 3-tags",
    "Two releases at once": """
        integrate 0.1.1 4-fix; integrate 0.2.0 3-tags; withdraw 0.2.0 5-code
        push ho-release/0.2.0 :ho-patch/5-code; git branch -q -D ho-patch/5-code""",
    "`git push --all`, with old branches in the clone": """
        git clone -q "$(git remote get-url origin)" ../other
        (cd ../other; for branch in ho-prod ho-release/0.1.1 ho-patch/4-fix; do git switch -q "$branch"; done
        integrate 0.1.1 4-fix; promote 0.1.1)""",
}
"""What happens in the sample project before the blocks of each section of docs/plain-git.md."""


def block(start: str) -> str:
    """The block that begins with a text."""
    (found,) = (text for _, text in BLOCKS if text.startswith(start))
    return found


def blocks(text: str) -> list[str]:
    """The shell blocks of a text."""
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shell_blocks(text: str) -> str:
    """The shell of a text, in which a push that has to be refused is checked to be."""
    script = "\n".join(blocks(text))
    return re.sub(r"^(.*\S)  # refused: (HH\d{3})$", r"refuse \2 \1", script, flags=re.MULTILINE)


REFUSE = """
refuse() { # CODE COMMAND...
    code=$1; shift
    if "$@" 2> "$REFUSAL"; then echo "accepted: $*" >&2; exit 1; fi
    grep -q "error.$code" "$REFUSAL" || { cat "$REFUSAL" >&2; exit 1; }
}
"""


def run_script(script: str, folder: Path) -> None:
    """Runs a script that must succeed, except for what it says is refused."""
    text = f"REFUSAL={shlex.quote(str(folder.parent / 'refusal'))}\n{REFUSE}\n{script}"
    done = subprocess.run(["sh", "-e", "-c", text], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def sections(page: str) -> dict[str, str]:
    """The sections of a page that have shell blocks, by their headings."""
    parts = re.split(r"^## (.*)$", page, flags=re.MULTILINE)
    return {heading: text for heading, text in zip(parts[1::2], parts[2::2]) if "```sh" in text}


def test_every_section_of_the_workflow_has_its_situation():
    assert set(sections(PLAIN_PAGE)) == {SESSION, *SITUATIONS}


@pytest.mark.parametrize("heading", SITUATIONS)
def test_each_push_of_the_workflow_does_what_the_page_says(shop: Dev, heading: str, monkeypatch: pytest.MonkeyPatch):
    run_script(f"{WORKFLOW}\n{SITUATIONS[heading]}", shop.clone)
    run_script(shell_blocks(sections(PLAIN_PAGE)[heading]), shop.clone)
    run("git", "-C", str(shop.clone), "fetch", "-q", "--prune", "origin")
    monkeypatch.chdir(shop.clone)
    assert main(["check"]) == 0


@pytest.fixture
def own_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Databases are on a private server of this test alone, so that they may have the names that a page gives them."""
    for name in [name for name in os.environ if name.startswith(("PG", "HALFORM"))]:
        monkeypatch.delenv(name)
    with database_servers() as servers:
        monkeypatch.setenv("HALFHOOKS_SERVERS", str(servers))
        yield


def on_this_machine(script: str, folder: Path) -> str:
    """A script whose server is a folder."""
    install = shlex.join([sys.executable, str(ROOT / "install")])
    for said, meant in (("git@server:/srv/git", str(folder)), ("/srv/git", str(folder)), ("python3 install", install)):
        script = script.replace(said, meant)
    return script


OLD_PROJECT = """
git init -q --bare -b main /srv/git/shop.git
git clone -q /srv/git/shop.git old; cd old; git switch -q -c main
mkdir app; echo one > app/one.py; git add -A; git commit -q -m One; git tag v1.0.0
echo two > app/two.py; git add -A; git commit -q -m Two; git push -q origin main v1.0.0
"""
GUARD = "python3 install/server.py /srv/git/shop.git"
BEGIN = "\n".join(blocks(sections(ADOPT_PAGE)["Begin from main"]))
TAG = "git tag v2.3.0; git push -q origin v2.3.0"
ADOPTIONS = {
    "The short way": ("cd ..", "", "", ""),
    "Begin from main": ("cd ..", "", ""),
    "What becomes of main": ("cd ..\n" + BEGIN,),
    "Old tags": (TAG, f"{TAG}; {GUARD}"),
    "A wrong first version": ("cd ..\n" + BEGIN.replace("2.3.0", "2.4.0"), ""),
    "A repository that has a ho-prod": (f"git switch -c ho-prod; git push origin ho-prod; {GUARD}",),
    "A folder of a monorepo": (GUARD,),
}
"""What happens to an old project before each block of a section of docs/adopt.md."""


WITH_A_TAG = ("The short way", "Begin from main", "What becomes of main")


def test_every_section_of_the_adoption_has_its_situation():
    counts = {heading: len(blocks(text)) for heading, text in sections(ADOPT_PAGE).items()}
    assert counts == {heading: len(befores) for heading, befores in ADOPTIONS.items()}


@pytest.mark.parametrize("heading", ADOPTIONS)
def test_each_block_of_the_adoption_works(tmp_path: Path, heading: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    steps = [OLD_PROJECT]
    for before, block in zip(ADOPTIONS[heading], blocks(sections(ADOPT_PAGE)[heading])):
        steps += [before, block]
    (tmp_path / "work").mkdir()
    run_script(on_this_machine("\n".join(steps), tmp_path), tmp_path / "work")
    server = Server(tmp_path / "shop.git")
    tags = server.git("tag").split()
    assert "v1.0.0" in tags and ("v2.3.0" in tags) == (heading in WITH_A_TAG)
    server.git("tag", "-d", "v1.0.0")  # lightweight, which `ho check` may report
    if "refs/heads/ho-prod" in server.refs():
        monkeypatch.chdir(server.path)
        assert main(["check"]) == 0


def run_session(folder: Path) -> Dev:
    """Makes the guarded repository and runs the session; the developer of the clone that it leaves."""
    run_script(on_this_machine(block("git init") + shell_blocks(sections(PLAIN_PAGE)[SESSION]), folder), folder)
    return Dev(folder / "shop", Server(folder / "shop.git"))


def test_an_old_tag_of_the_first_version_is_seen_to_before_all_else(tmp_path: Path):
    """Whoever reads the page from the top meets the tag before anything is guarded."""
    headings = list(sections(ADOPT_PAGE))
    assert headings.index("Old tags") < headings.index("Begin from main")
    (tmp_path / "work").mkdir()
    steps = [OLD_PROJECT, TAG, blocks(sections(ADOPT_PAGE)["Old tags"])[0], "cd ..", BEGIN]
    run_script(on_this_machine("\n".join(steps), tmp_path), tmp_path / "work")
    assert Server(tmp_path / "shop.git").git("cat-file", "-t", "v2.3.0") == "tag\n"


def test_each_push_of_the_session_is_accepted(tmp_path: Path):
    served = tmp_path / "served"
    served.mkdir()
    dev = run_session(served)
    assert set(dev.server.refs()) == {"refs/heads/ho-prod", "refs/tags/v0.1.0"}
    assert "ref: refs/heads/ho-prod" in (dev.server.path / "HEAD").read_text()
    cloned = dev.another("later")
    assert cloned.git("branch", "--show-current").strip() == "ho-prod"


def test_the_commands_for_a_clone_work(tmp_path: Path):
    path = f'PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"'
    run_script(f"{path}\n{block('ho init shop             #')}", tmp_path)
    hooks = tmp_path / "shop" / ".git" / "hooks"
    assert all(
        (hooks / name).read_text().splitlines()[1].startswith("# halfhooks") for name in ("pre-commit", "pre-push")
    )


def test_the_session_of_ho_leads_to_a_hotfix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_server: None):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    session = next(text for _, text in BLOCKS if text.startswith("ho init shop\n"))
    run_script(on_this_machine(block("git init") + session, tmp_path), tmp_path)
    server = Server(tmp_path / "shop.git")
    tags = {f"refs/tags/v0.1.0{suffix}" for suffix in ("", "-rc1", "-hotfix1")}
    assert set(server.refs()) == {"refs/heads/ho-prod", *tags}
    for name, listed in (("0.1.0", "1-users\n"), ("0.1.0-hotfix1", "2-unique-names\n")):
        assert server.git("show", f"ho-prod:releases/{name}.txt") == listed
    assert "CREATE UNIQUE INDEX" in server.git("show", "ho-prod:model/schema-0.1.0-hotfix1.sql")
    monkeypatch.chdir(server.path)
    assert main(["check"]) == 0


def test_the_refusal_is_what_the_server_says(tmp_path: Path):
    dev = run_session(tmp_path)
    said = dev.commit("app.py", "print('quick fix')\n").push("ho-prod").refused("HH107").output
    shown = [line.rstrip() for line in said.splitlines() if line.startswith("remote:")]
    assert [without_ids(line) for line in shown] == [without_ids(line) for line in block("$ git push").splitlines()[1:]]


def without_ids(line: str) -> str:
    return re.sub(r"\b[0-9a-f]{10}\b", "ID", line)


def test_the_page_of_the_configuration_has_each_key_with_its_default():
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    rows = re.findall(r"^\| `halfhooks\.([\w.]+)` \| `?([^`|]*?)`? \|", page, re.MULTILINE)
    assert [name.lower() for name, _ in rows] == list(PARSERS)
    fields, problems = parse_config(
        [(f"halfhooks.{name.lower()}", said) for name, said in rows if said not in ("none", "the top")]
    )
    assert (make_config(fields), problems) == (Config(), [])
    for name, said in rows:
        default = getattr(Config(), name.rpartition(".")[2])
        assert bool(default) == (said not in ("none", "the top", "false")), name


def test_the_configuration_is_in_force_once_it_is_on_ho_prod(empty: Dev):
    text = block("[halfhooks]").replace("services/shop", "")  # the session has its folders at the top
    first = empty.write("halfhooks.conf", text).step("begin").commit("docs/index.md", "Hello\n").push("ho-prod")
    assert "warning" not in first.accepted().output
    empty.switch("-c", "topic").push("topic").refused()


def test_the_configuration_comes_in_by_a_patch_and_not_by_itself(project: Dev):
    text = "[halfhooks]\n\totherRefs = refuse\n"
    project.write("halfhooks.conf", text).commit().push("ho-prod").refused("HH107")
    project.git("reset", "-q", "--hard", "origin/ho-prod")
    project.start_release("0.1.0").new_patch("0.1.0", "1-policy").commit("halfhooks.conf", text)
    project.push("ho-patch/1-policy").accepted()
    project.integrate("0.1.0", "1-policy").promote("0.1.0")
    project.switch("-c", "topic").push("topic").refused()


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
)
def test_every_link_leads_somewhere(page: str):
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("https://"):
            continue
        file, _, heading = target.partition("#")
        path = (ROOT / page).parent / file if file else ROOT / page
        assert path.is_file(), target
        assert not heading or heading in anchors(path.read_text("utf-8")), target


def anchors(page: str) -> set[str]:
    """The names under which the headings of a page can be linked."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_each_command_of_ho_is_one():
    for command, arguments in re.findall(r"`ho (\w+) ?([^`]*)`", README):
        assert command in COMMANDS
        if arguments:
            load(command).parser().parse_args(arguments.split())


def test_the_two_commands_are_targets():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"^make (\w+)", README, re.MULTILINE)) <= set(targets)
