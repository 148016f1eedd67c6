"""HH0: what must hold before the workflow can be judged at all. These rules can never be set to warn."""

from __future__ import annotations

from halfhooks.layout import HEADS, TAGS
from halfhooks.names import BRANCH, OTHER, PATCH_BRANCH, POLICED_BRANCHES, RELEASE_TAG, TAG
from halfhooks.rules._registry import COMMIT, UPDATE, Finding, at, rule, within
from halfhooks.snapshot import folder, is_file, is_folder
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Optional

    from halfhooks.push import Push
    from halfhooks.snapshot import Entry


@rule("HH001", UPDATE, hint="git fetch, then push again; if it persists: git fsck")
def unreadable_push(push: Push) -> Iterator[Finding]:
    """What cannot be read cannot be judged, so it is refused.

    An object is missing or malformed, git failed, the input of the hook is not what git writes, a ref has moved since the
    push began, or a lock that a killed git left would keep one of the refs from moving. Nothing is guessed: the push is
    refused as a whole.

    Git checks much of what is sent before, unless the server's administrator has told it not to. Here a tree stands
    where a file should be:

    Refused::

        $ git --git-dir=../server.git config receive.fsckObjects false
        $ git switch ho-release/0.2.0; tree=$(git mktree < /dev/null)
        $ git update-index --cacheinfo 100644,$tree,releases/0.2.0-candidates.txt; git commit -m 'No candidates'
        $ git push origin ho-release/0.2.0

    Accepted::

        $ git --git-dir=../server.git config receive.fsckObjects false
        $ git switch ho-release/0.2.0; blob=$(git hash-object -w /dev/null)
        $ git update-index --cacheinfo 100644,$blob,releases/0.2.0-candidates.txt; git commit -m 'No candidates'
        $ git push origin ho-release/0.2.0
    """
    for update in push.updates:
        known = push.before.snapshot.refs.get(update.ref)
        if (known.oid if known else "") != update.old:
            yield Finding(f"'{update.ref}' has moved while this push was on its way", ref=update.ref)
    for path in push.transport.locks:
        text = f"the lock '{path}' is on the server: a git that was killed left it, or one still runs"
        yield Finding(text, help=f"on the server, when no git runs there: rm {path}")


@rule("HH002", UPDATE, hint="git fetch --unshallow, then push again")
def shallow_push(push: Push) -> Iterator[Finding]:
    """History that is cut off cannot be checked, and a server that accepts it stays cut off for ever.

    An ordinary push from a shallow clone is fine: git then sends whole commits on top of what the server has.

    Refused::

        $ git --git-dir=../server.git config receive.shallowUpdate true
        $ git switch topic; git commit --allow-empty -m 'One'; git commit --allow-empty -m 'Two'
        $ git clone --depth 1 file://$PWD ../shallow; cd ../shallow
        $ git push ../server.git topic:refs/heads/cut

    Accepted::

        $ git clone --depth 1 --branch ho-patch/3-tags file://$PWD/../server.git ../shallow; cd ../shallow
        $ git commit --allow-empty -m 'Three'
        $ git push origin ho-patch/3-tags
    """
    if push.transport.shallow_push:
        yield Finding("this push would cut off the history of the server")
    if push.transport.shallow_server:
        yield Finding(
            "the repository on the server is shallow, so no push can be checked",
            help="on the server: git fetch --unshallow from a whole copy",
        )


@rule("HH003", UPDATE, hint="push branches and tags only: git push origin BRANCH")
def namespace_not_allowed(push: Push) -> Iterator[Finding]:
    """Refs outside branches and tags can change how git reads everything else.

    `refs/replace/` makes one commit look like another, `refs/meta/` and `refs/notes/` steer some tools. A namespace
    that a team needs is listed in `allowNamespaces`; `otherRefs = refuse` leaves only the branches and tags of the
    workflow.

    Refused::

        $ git push origin topic:refs/replace/$(git rev-parse ho-prod)

    Accepted::

        $ git push origin topic:refs/heads/idea

    Accepted::

        $ git --git-dir=../server.git config halfhooks.allowNamespaces notes
        $ git notes add -m 'Tested by Ann' ho-prod
        $ git push origin refs/notes/commits
    """
    for move in push.moves:
        kind = move.name.kind
        if kind == OTHER and not _is_allowed(move.ref, push.config.allowNamespaces):
            yield Finding(f"'{move.ref}' is neither a branch nor a tag", ref=move.ref)
        elif kind in (BRANCH, TAG) and push.config.otherRefs == "refuse" and move.new:
            yield Finding(f"'{move.ref}' is no {kind} of the workflow, and others are refused here", ref=move.ref)


def _is_allowed(ref: str, namespaces: tuple[str, ...]) -> bool:
    prefixes = tuple(f"refs/{name.strip('/').removeprefix('refs/')}/" for name in namespaces)
    return ref.startswith(prefixes) and not ref.startswith((HEADS, TAGS))


@rule("HH004", UPDATE, hint="git tag -a -m MESSAGE TAG COMMIT", state=True)
def not_a_commit(push: Push) -> Iterator[Finding]:
    """A release is a commit: a branch or tag that leads to anything else names no state of the project.

    Refused::

        $ git tag -a -m 'Give 0.2.0 up' v0.2.0-abandoned1 ho-release/0.2.0^{tree}
        $ git push origin v0.2.0-abandoned1

    Accepted::

        $ git tag -a -m 'Give 0.2.0 up' v0.2.0-abandoned1 ho-release/0.2.0
        $ git push origin v0.2.0-abandoned1
    """
    for move in push.moves_of(*POLICED_BRANCHES, RELEASE_TAG):
        if not move.new:
            continue
        target = push.after.snapshot.refs[move.ref]
        if target.kind != "commit" and (move.name.policed or not target.commit):
            yield Finding(f"'{move.ref}' would point at a {target.kind} that leads to no commit", ref=move.ref)


@rule("HH005", COMMIT, hint="rebuild the commit with git add and git commit, then push it", state=True)
def malformed_tree(push: Push) -> Iterator[Finding]:
    """Git's own commands disagree about a malformed tree, so nobody could say what was accepted.

    With two entries of one name, `git show COMMIT:PATH` reads the first and a checkout writes the last. Entries must be
    sorted and unique, and none may hold a slash or be `.git` in any disguise.

    Git checks this before, unless the server's administrator has told it not to. Here a tree lists `README.md` twice:

    Refused::

        $ git --git-dir=../server.git config receive.fsckObjects false
        $ git ls-tree ho-patch/3-tags > ../tree
        $ git ls-tree ho-patch/3-tags halfhooks.conf | sed s/halfhooks.conf/README.md/ >> ../tree
        $ commit=$(git commit-tree $(git mktree < ../tree) -p ho-patch/3-tags -m 'Two of one name')
        $ git push origin $commit:refs/heads/ho-patch/3-tags

    Accepted::

        $ git switch ho-patch/3-tags; cp halfhooks.conf README.md; git add README.md
        $ commit=$(git commit-tree $(git write-tree) -p ho-patch/3-tags -m 'One of each name')
        $ git push origin $commit:refs/heads/ho-patch/3-tags
    """
    for commit, rooms in push.odd_rooms():
        if rooms.problem:
            yield within(push, commit.oid, f"the tree of {commit.oid[:10]} is malformed: {rooms.problem}")
    for bad, problem in _malformed(push):
        yield within(push, bad.commit, f"the folder '{bad.path}' is malformed: {problem}", bad.path)


AT_ONCE = 500
"""Folders that are read together, so that git need not be waited for at each."""


class _Folder(NamedTuple):
    """A folder that a commit brings, and the entry that it is compared to."""

    commit: str
    path: str
    new: Entry
    old: Optional[Entry]


def _malformed(push: Push) -> Iterator[tuple[_Folder, str]]:
    """The malformed folders that the new commits bring in the three rooms, and what is wrong with each."""
    left = list(_new_folders(push))
    known = {(each.new, each.old) for each in left}
    while left:
        batch = left[:AT_ONCE]
        del left[:AT_ONCE]
        push.objects.load_trees(
            [entry.oid for each in batch for entry in (each.new, each.old) if entry and is_folder(entry)]
        )
        for each in batch:
            tree, before = folder(push.objects, each.new), folder(push.objects, each.old)
            problem = tree.problem_since(before)
            if problem:
                yield each, problem
            for name in push.differing(each.old, each.new):
                entry, old = tree.get(name), before.get(name)
                if entry and is_folder(entry) and (entry, old) not in known:
                    known.add((entry, old))
                    left.append(_Folder(each.commit, f"{each.path}/{name}", entry, old))


def _new_folders(push: Push) -> Iterator[_Folder]:
    """The rooms of the new commits that are unlike those of all parents, each state once."""
    known = set()
    for commit in push.touching(*push.layout.folders()):
        for name in push.layout.folders():
            if not push.touches(commit, name):
                continue
            entry = push.room(commit.oid, name)
            olds = [push.room(parent, name) for parent in commit.parents]
            if entry and is_folder(entry) and entry not in olds and entry not in known:
                known.add(entry)
                yield _Folder(commit.oid, push.layout.path(name), entry, next(iter(olds), None))


@rule("HH006", UPDATE, hint="push to the branch itself, not to its alias")
def symbolic_ref(push: Push) -> Iterator[Finding]:
    """Pushing to an alias moves another ref than the one that is named.

    The hook is told the alias's name while git moves its target; deleting the alias deletes the target.

    Refused::

        $ git --git-dir=../server.git symbolic-ref refs/heads/main refs/heads/ho-prod
        $ git push origin topic:main

    Accepted::

        $ git --git-dir=../server.git symbolic-ref refs/heads/main refs/heads/topic
        $ git switch topic; git commit --allow-empty -m 'Go on'
        $ git push origin topic
    """
    for update in push.updates:
        link = push.transport.symbolic.get(update.ref)
        if link:
            yield Finding(f"'{update.ref}' is a symbolic ref on the server, to '{link}'", ref=update.ref)


@rule(
    "HH007",
    UPDATE,
    hint="mend the line in that file; git config --file halfhooks.conf --list shows what git reads in it",
)
def policy_invalid(push: Push) -> Iterator[Finding]:
    """A policy that cannot be read as it was meant protects less than its authors believe.

    `halfhooks.conf` is checked where it enters a release or production: its syntax, its keys and their values. On a patch
    branch, where it may still be mended, a server leaves it alone; a clone refuses the commit that breaks it, and warns of
    a push that brings it.

    Refused::

        $ git switch ho-patch/5-code; git config --file halfhooks.conf halfhooks.otherRef refuse
        $ git commit -am 'Only branches of the workflow'
        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 5-code' ho-patch/5-code
        $ git push origin ho-patch/5-code ho-release/0.2.0

    Accepted::

        $ git switch ho-patch/5-code; git config --file halfhooks.conf halfhooks.otherRefs refuse
        $ git commit -am 'Only branches of the workflow'
        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 5-code' ho-patch/5-code
        $ git push origin ho-patch/5-code ho-release/0.2.0
    """
    early = push.transport.clone or push.transport.commit
    for move in push.moves:
        if not move.new or move.name.kind not in (POLICED_BRANCHES if early else POLICED_BRANCHES[:2]):
            continue
        draft = move.name.kind == PATCH_BRANCH and not push.transport.commit
        path = push.layout.policy
        new = push.after.snapshot.entry(move.new, path)
        if new == push.before.snapshot.entry(move.old or push.before.production, path) or new is None:
            continue
        problems = push.policies.get(new.oid, []) if is_file(new) else ["it is no regular file"]
        for problem in problems:
            yield at(move, f"'{path}' is not valid: {problem}", path)._replace(warning=draft)
