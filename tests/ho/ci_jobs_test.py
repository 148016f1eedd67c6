"""The jobs that users call or copy, run here command by command as they stand in the files; and the page on CI."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from halfhooks.ho import cli
from halfhooks.ho.commands import check
from tests.builders import PROJECT, Dev, run
from tests.ho.check_test import play
from tests.ho.ci_test import ZEROS, github, gitlab, push_event
from tests.readme_test import anchors, blocks, run_script, sections

WORKFLOW = yaml.safe_load((PROJECT / ".github" / "workflows" / "check.yml").read_text("utf-8"))
JOB = yaml.safe_load((PROJECT / "docs" / "gitlab-ci.yml").read_text("utf-8"))["halfhooks"]
PAGE = (PROJECT / "docs" / "ci.md").read_text("utf-8")


class Outcome(NamedTuple):
    status: int
    stdout: str
    stderr: str
    folder: Path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the jobs install."""
    folder = tmp_path_factory.mktemp("package")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("halfhooks", "hooks", "install"):
        shutil.copytree(PROJECT / name, folder / "copy" / name, ignore=ignored)
    for name in ("setup.py", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, folder / "copy")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), "."], cwd=folder / "copy", check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


def given(text: str, inputs: dict[str, str]) -> str:
    """A text with the inputs of the workflow put in; it uses no other expression."""
    text = re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: inputs[found[1]], text)
    assert "${{" not in text
    return text


def environment_of_a_job(folder: Path, host: dict[str, str]) -> dict[str, str]:
    """A job installs into a folder of its own here, without a package index; nothing else is said to it."""
    ours = {"PIP_TARGET": str(folder / "site"), "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_UPGRADE": "1"}
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GITLAB_", "CI_"))}
    path = os.pathsep.join([str(folder / "site" / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**clean, **ours, **host, "PATH": path, "PYTHONPATH": str(folder / "site")}


def run_github(checkout: Path, folder: Path, wheel: Path, host: dict[str, str], **inputs: str) -> Outcome:
    """The steps of the workflow that run commands, as the runner starts them: `bash -e FILE`."""
    defaults = {name: each["default"] for name, each in WORKFLOW[True]["workflow_call"]["inputs"].items()}
    told = {**defaults, "package": str(wheel), **inputs}
    environment = environment_of_a_job(folder, host)
    for step in WORKFLOW["jobs"]["check"]["steps"]:
        if "run" in step:
            own = {name: given(value, told) for name, value in step.get("env", {}).items()}
            done = subprocess.run(
                ["bash", "-e", "-c", given(step["run"], told)],
                cwd=checkout,
                env={**environment, **own},
                capture_output=True,
                text=True,
            )
            if done.returncode:
                break
    return Outcome(done.returncode, done.stdout, done.stderr, checkout)


def run_gitlab(checkout: Path, folder: Path, wheel: Path, host: dict[str, str]) -> Outcome:
    """The script of the job."""
    environment = {**environment_of_a_job(folder, host), **JOB["variables"], "PACKAGE": str(wheel)}
    script = "\n".join(JOB["script"])
    done = subprocess.run(["sh", "-e", "-c", script], cwd=checkout, env=environment, capture_output=True, text=True)
    return Outcome(done.returncode, done.stdout, done.stderr, checkout)


class Pushed(NamedTuple):
    old: str
    new: str
    checkout: Path


@pytest.fixture
def free(shop: Dev) -> Dev:
    (shop.server.path / "hooks" / "pre-receive").unlink()
    shop.server.config("uploadpack.allowAnySHA1InWant", "true")
    return shop


def pushed(dev: Dev, folder: Path, script: str) -> Pushed:
    """A push to ho-prod, and a checkout as the hosts make it: the commit alone."""
    old = dev.git("rev-parse", "ho-prod").strip()
    play(dev, script)
    new = dev.git("rev-parse", "ho-prod").strip()
    checkout = folder / "checkout"
    run("git", "init", "-q", str(checkout))
    run("git", "-C", str(checkout), "remote", "add", "origin", f"file://{dev.server.path}")
    run("git", "-C", str(checkout), "fetch", "-q", "--depth=1", "origin", new)
    run("git", "-C", str(checkout), "checkout", "-q", "--detach", "FETCH_HEAD")
    return Pushed(old, new, checkout)


LEGAL = "git switch -q ho-prod; mkdir docs; echo x > docs/x.md; save 'Free'"
WRONG = r"""git switch -q ho-prod; printf '9-x\n' >> releases/0.1.0.txt; mkdir -p 'a,b ::set-output name=x'
echo x > "a,b ::set-output name=x/$(printf '::stop-commands::t\n##[add-mask]x')"; save 'Touch'"""


def event_file(folder: Path, push: Pushed) -> dict[str, str]:
    (folder / "event.json").write_text(json.dumps(push_event("refs/heads/ho-prod", push.old, push.new)))
    return {**github("push", "refs/heads/ho-prod", push.new), "GITHUB_EVENT_PATH": str(folder / "event.json")}


def test_the_job_of_github_passes_a_legal_push(free, tmp_path, wheel):
    push = pushed(free, tmp_path, LEGAL)
    done = run_github(push.checkout, tmp_path, wheel, event_file(tmp_path, push))
    assert (done.status, done.stderr) == (0, "")
    judged, last = done.stdout.splitlines()
    assert judged.startswith(
        f"judged: GitHub push, the push: refs/heads/ho-prod {push.old[:10]}..{push.new[:10]}, 1 commit"
    )
    assert last == "halfhooks: the server would accept this"
    assert (tmp_path / "site" / "halfhooks").is_dir()


def test_the_job_of_github_fails_an_illegal_push_and_obeys_no_pushed_name(free, tmp_path, wheel):
    push = pushed(free, tmp_path, WRONG)
    done = run_github(push.checkout, tmp_path, wheel, event_file(tmp_path, push))
    assert (done.status, done.stderr) == (1, "")
    judged, *commands, last = done.stdout.splitlines()
    assert all(line.startswith("::error ") for line in commands)
    assert not judged.startswith("::") and last == f"halfhooks: {len(commands)} errors, the server would refuse this"
    assert any(line.startswith("::error file=releases/0.1.0.txt,title=HH301 release-file-im") for line in commands)
    hostile = "::error file=a%2Cb %3A%3Aset-output name=x/%3A%3Astop-commands%3A%3At\\n##[add-mask]x,title=HH107"
    assert any(line.startswith(hostile) for line in commands)


def test_the_job_of_github_writes_a_file_when_asked(free, tmp_path, wheel):
    push = pushed(free, tmp_path, WRONG)
    asked = {"format": "sarif", "output": "halfhooks report.sarif"}
    done = run_github(push.checkout, tmp_path, wheel, event_file(tmp_path, push), **asked)
    assert done.status == 1
    assert "error[HH301]" in done.stdout
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in done.stdout.splitlines())
    document = json.loads((push.checkout / "halfhooks report.sarif").read_text())
    assert "HH301" in {result["ruleId"] for result in document["runs"][0]["results"]}


def report_of(push: Pushed) -> list[dict[str, Any]]:
    return json.loads((push.checkout / JOB["artifacts"]["reports"]["codequality"]).read_text())


def test_the_job_of_gitlab(free, tmp_path, wheel):
    push = pushed(free, tmp_path, LEGAL)
    done = run_gitlab(push.checkout, tmp_path, wheel, gitlab("push", push.new, push.old, CI_COMMIT_BRANCH="ho-prod"))
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "halfhooks: the server would accept this"
    assert report_of(push) == []
    play(free, WRONG)
    old, new = push.new, free.git("rev-parse", "ho-prod").strip()
    done = run_gitlab(push.checkout, tmp_path, wheel, gitlab("push", new, old, CI_COMMIT_BRANCH="ho-prod"))
    assert (done.status, done.stderr) == (1, "")
    assert "error[HH301]" in done.stdout
    assert {"path": "releases/0.1.0.txt", "lines": {"begin": 1}} in [entry["location"] for entry in report_of(push)]


def test_a_job_without_its_history_is_no_verdict(free, tmp_path, wheel):
    push = pushed(free, tmp_path, LEGAL)
    lost = "5" * 40
    done = run_github(push.checkout, tmp_path, wheel, event_file(tmp_path, push._replace(old=lost)))
    assert done.status == 2
    assert done.stdout.startswith("::error title=halfhooks::cannot tell: 5555555555 is not here: git fetch ")
    assert done.stderr.startswith("halfhooks: cannot tell: 5555555555 is not here: git fetch ")


def test_the_jobs_may_do_nothing_but_read():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    (job,) = WORKFLOW["jobs"].values()
    assert not {"permissions", "secrets"} & job.keys()
    checkout = job["steps"][0]
    assert checkout["uses"].startswith("actions/checkout@")
    assert checkout["with"] == {"fetch-depth": 0}
    assert JOB["variables"]["GIT_DEPTH"] == "0"
    assert JOB["artifacts"]["when"] == "always"


# --- the page

PREPARED = """integrate 0.1.1 4-fix; prepare_promotion 0.1.1; commit 'Promote 0.1.1'
git branch promote-0.1.1; git reset -q --hard origin/ho-prod"""
SITUATIONS = {"Any other": LEGAL, "Reports": LEGAL, "Protect the branches": PREPARED}
"""What happens in the sample project before the blocks of each section."""


def test_every_section_of_the_page_has_its_situation():
    assert set(sections(PAGE)) == set(SITUATIONS)


@pytest.mark.parametrize("heading", SITUATIONS)
def test_each_block_of_the_page_works(shop, heading, monkeypatch):
    old = shop.git("rev-parse", "ho-prod").strip()
    play(shop, SITUATIONS[heading])
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    told = {"OLD": old, "NEW": shop.git("rev-parse", "ho-prod").strip(), "REF": "ho-prod", "PATH": path}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    for block in blocks(sections(PAGE)[heading]):
        run_script(block, shop.clone)
    written = {file.name for file in shop.clone.iterdir()} & {"halfhooks.sarif", "halfhooks.xml"}
    assert len(written) == (2 if heading == "Reports" else 0)


def test_the_snippet_calls_the_workflow_with_inputs_that_it_has():
    (snippet,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    caller = yaml.safe_load(snippet)
    (job,) = caller["jobs"].values()
    assert job["uses"].partition("@")[0] == "OWNER/halfhooks/.github/workflows/check.yml"
    assert job["with"].keys() <= WORKFLOW[True]["workflow_call"]["inputs"].keys()
    assert caller[True]["push"] is None


def test_the_page_lists_the_forms_that_there_are():
    listed = re.findall(r"^\| `(\w+)` \|", sections(PAGE)["Reports"], re.MULTILINE)
    assert listed == list(check.FORMS)


def test_each_command_of_the_page_is_one():
    for arguments in re.findall(r"`ho check ?([^`&]*)", PAGE):
        assert cli.load("check").parser().parse_args(arguments.split())


def test_every_link_of_the_page_leads_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        file, _, heading = target.partition("#")
        path = PROJECT / "docs" / file if file else PROJECT / "docs" / "ci.md"
        assert path.is_file(), target
        assert not heading or heading in anchors(path.read_text("utf-8")), target


def test_zeros_are_what_the_page_says(shop, monkeypatch, capsys):
    monkeypatch.chdir(shop.clone)
    shop.git("push", "-q", "origin", "ho-prod:topic2")
    tip = shop.git("rev-parse", "ho-prod").strip()
    for old in ("", ZEROS):
        assert cli.main(["check", f"{old}..{tip}", "--ref", "topic2"]) == 0
    assert cli.main(["check", f"{tip}..{ZEROS}", "--ref", "topic2"]) == 0
