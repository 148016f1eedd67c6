"""What is judged of a repository, and the verdict on it: as it stands, one move of a ref, the history, or for a CI job."""

from __future__ import annotations

import shlex

from halfhooks.history import is_ancestor
from halfhooks.ho import ci, meanwhile
from halfhooks.layout import HEADS, TAGS
from halfhooks.names import parse_ref
from halfhooks.past import check_history
from halfhooks.push import Push
from halfhooks.rules import RULES, Finding, check
from halfhooks.snapshot import Update
from halfhooks.state import check_state
from halfhooks.survey import ORIGIN, CannotTell, Survey
from halfhooks.values import NamedTuple


class Verdict(NamedTuple):
    """What was judged, in JSON's terms and in words; what was found; what that means."""

    judged: dict[str, object]
    words: str
    findings: list[Finding]
    remarks: list[str]
    good: str
    bad: str

    @property
    def errors(self) -> int:
        """How many findings are none that only warn."""
        return sum(not finding.warning for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings only warn."""
        return len(self.findings) - self.errors


def judge_state(survey: Survey) -> Verdict:
    """What must hold for the repository as it stands."""
    push, remarks = survey.state()
    facts = {"mode": "state", **scope(survey, push)}
    words = f"{source(survey)}: {inventory(facts)}"
    return Verdict(facts, words, check_state(push), remarks, "clean", "the state is not legal")


def judge_history(survey: Survey) -> Verdict:
    """Every commit of the workflow's branches."""
    push, remarks = survey.history()
    facts = {"mode": "history", **scope(survey, push), "commits": len(push.commits)}
    words = f"{source(survey)}: {inventory(facts)}, {count(len(push.commits), 'commit')}"
    return Verdict(
        facts, words, check_history(push, survey.policy_at), remarks, "the history is clean", "in the history"
    )


def judge_move(survey: Survey, update: Update) -> Verdict:
    """What the server would say of one ref update."""
    push, remarks = survey.move(update)
    facts = {"mode": "range", **scope(survey, push), "ref": update.ref, "old": update.old, "new": update.new}
    facts["commits"] = len(push.commits)
    moves = f"{update.ref} {update.old[:10] or 'created'}..{update.new[:10] or 'deleted'}"
    words = f"{moves}, {count(len(push.commits), 'commit')}, beside {source(survey)}: {inventory(facts)}"
    return Verdict(facts, words, check(push), remarks, "the server would accept this", "the server would refuse this")


# --- what a CI job was started for


def judge_job(survey: Survey, job: ci.Job) -> Verdict:
    """What the server would say of what a job was started for; the verdict tells what of it was judged."""
    if not job.ref:
        verdict, what = judge_state(survey), "the state"
    elif job.proposal:
        update, what = proposed(survey, job)
        verdict = judge_move(survey, update)
    else:
        verdict, what = judge_push(survey, job), "the push"
    told = {"host": job.host, "event": job.event, "number": job.number or None, "judged": what}
    return verdict._replace(judged={**verdict.judged, "ci": told}, words=f"{job.words}, {what}: {verdict.words}")


def judge_push(survey: Survey, job: ci.Job) -> Verdict:
    """What the server would have said of a push, whose other refs are put back to where they were, if that can be told."""
    update = pushed(survey, job)
    if not update.old:
        survey.refs.pop(update.ref, None)  # wherever it stands by now
    for other in list(meanwhile.came_later(survey.move(update)[0])):
        meanwhile.put_back(survey.refs, other)
    findings: list[Finding] = []
    others = list(meanwhile.is_gone(survey.move(update)[0]))
    for other in others:
        if other.judged:
            made = judge_move(survey, Update("", other.commit, other.ref)).findings
            findings += [finding for finding in made if RULES[finding.code].scope in other.judged]
        meanwhile.put_back(survey.refs, other)
    verdict = judge_move(survey, update)
    findings = list(dict.fromkeys(findings + verdict.findings))
    remarks = [remark for remark in map(meanwhile.remark, others) if remark]
    return verdict._replace(findings=findings, remarks=verdict.remarks + remarks)


def pushed(survey: Survey, job: ci.Job) -> Update:
    """The ref update of a push. A tag is taken as it is here, for the host may name only the commit behind it."""
    old, new = (brought(survey, oid, job.ref) for oid in (job.old, job.new))
    known = survey.refs.get(job.ref)
    if job.ref.startswith(TAGS) and known and new and known.commit == survey.objects.target(new).commit:
        new = known.oid
    return Update(old, new, job.ref)


def proposed(survey: Survey, job: ci.Job) -> tuple[Update, str]:
    """The ref update that a pull or merge request comes to, and what that is, in words.

    Where its head contains the tip of its target it is the fast-forward to the head: a promotion can land in no other
    way, and for all else a merge of the two comes to the same. Otherwise it is the merge that the host has made.
    """
    target = survey.refs.get(job.ref)
    name = job.ref.removeprefix(HEADS)
    if target is None:
        raise CannotTell(f"the target '{name}' is not known here: {survey.fetch}")
    head = brought(survey, job.new, job.ref)
    if is_ancestor(survey.objects, target.commit, head):
        return Update(target.commit, head, job.ref), "the fast-forward to its head"
    parents = survey.objects.commit(brought(survey, job.merged, job.ref)).parents if job.merged else ()
    if len(parents) == 2 and parents[1] == head:
        return Update(parents[0], job.merged, job.ref), "its merge result"
    lacks = f"{head[:10]} lacks commits of '{name}', and {job.host} made no merge of the two"
    raise CannotTell(f"{lacks}: git merge {ORIGIN}/{name}")


def brought(survey: Survey, oid: str, ref: str) -> str:
    """An object that the host told of, "" for none; `CannotTell`, with the commands that bring it, where it is not here."""
    try:
        return survey.resolve(oid, ref)
    except CannotTell:
        commands = ci.fetch_commands(survey.place, survey.remote or ORIGIN, [oid])
        raise CannotTell(f"{oid[:10]} is not here: {' && '.join(map(shlex.join, commands))}") from None


# --- in words


def scope(survey: Survey, push: Push) -> dict[str, object]:
    """What there is to judge: whose branches, how many, and where production stands."""
    names = [parse_ref(ref, push.layout) for ref in push.before.snapshot.refs]
    project = push.before
    hotfix = f"-hotfix{project.hotfix}" if project.hotfix else ""
    return {
        "repository": survey.place.git_dir,
        "remote": survey.remote or None,
        "branches": sum(name.policed for name in names),
        "releases": [str(release.version) for release in project.open_releases()],
        "production": f"{project.version}{hotfix}" if project.version else None,
    }


def source(survey: Survey) -> str:
    """Whose branches are judged, in words."""
    return f"the branches of '{survey.remote}' as last fetched" if survey.remote else "the branches of this repository"


def inventory(facts: dict[str, object]) -> str:
    """What `scope` counted, in words."""
    releases = facts["releases"]
    assert isinstance(releases, list)
    branches = count(int(str(facts["branches"])), "branch", "branches")
    production = f"production {facts['production'] or 'none'}"
    opened = f"{count(len(releases), 'open release')}" + (f" ({', '.join(releases)})" if releases else "")
    return f"{branches}, {opened}, {production}"


def count(number: int, noun: str, nouns: str = "") -> str:
    """A number with its noun."""
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"
