"""HH4: patches, their ids and their files."""

from __future__ import annotations

from halfhooks.immutability import patches as patch_breaches
from halfhooks.names import BAD_PATCH_ID, PATCH_BRANCH, RELEASE_BRANCH, is_patch_id, patch_number
from halfhooks.rules._registry import COMMIT, UPDATE, Finding, adopted, at, look_alikes, rule, within
from halfhooks.snapshot import FILE, FOLDER, SYMLINK, Change, changes, folder, is_file, is_folder
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfhooks.push import Move, Push
    from halfhooks.snapshot import Commit, Entry

LFS_POINTER = b"version https://git-lfs.github.com/spec/"


@rule(
    "HH401", UPDATE, hint="git branch -m ho-patch/12-slug: the ticket's number, then words in a-z and 0-9", state=True
)
def patch_id(push: Push) -> Iterator[Finding]:
    """A patch id names its ticket and its purpose: `[0-9]+(-[a-z0-9]+)+`, at most 80 characters.

    A slug is required, because a bare number is what other tools use to reserve numbers.

    Refused::

        $ git push origin ho-release/0.2.0:refs/heads/ho-patch/6_Likes

    Accepted::

        $ git switch ho-release/0.2.0; echo 6-likes >> releases/0.2.0-candidates.txt; git commit -am 'Add 6-likes'
        $ git push origin ho-release/0.2.0 ho-release/0.2.0:refs/heads/ho-patch/6-likes
    """
    for move in push.moves_of(BAD_PATCH_ID):
        if move.new:
            yield at(
                move, f"'{move.name.patch}' is no patch id: a number, then words in a-z and 0-9, joined by hyphens"
            )


@rule("HH402", UPDATE, hint="use another number, in the name of the branch and in the candidates file", state=True)
def patch_number_taken(push: Push) -> Iterator[Finding]:
    """The number is that of the ticket: two patches of one number are two answers to one question.

    Numbers are compared as integers, so `007-a` and `7-b` share one; `uniqueNumbers = false` lifts the rule.

    Refused::

        $ git switch ho-release/0.2.0; echo 3-labels >> releases/0.2.0-candidates.txt; git commit -am 'Add 3-labels'
        $ git push origin ho-release/0.2.0

    Accepted::

        $ git switch ho-release/0.2.0; echo 6-labels >> releases/0.2.0-candidates.txt; git commit -am 'Add 6-labels'
        $ git push origin ho-release/0.2.0
    """
    if not push.config.uniqueNumbers:
        return
    for move, patch in _named(push):
        rival = next((other for other in _namesakes(push, patch) if other != patch), "")
        if rival:
            yield at(move, f"the number of '{patch}' is taken by '{rival}'")
    yield from adopted(push, "HH402")


def _named(push: Push) -> Iterator[tuple[Move, str]]:
    """The patch ids that a push brings into play: on new branches, and new in the lists of releases."""
    for move in push.moves_of(PATCH_BRANCH):
        if move.created:
            yield move, move.name.patch
    for move in push.moves_of(RELEASE_BRANCH):
        version = move.name.version
        new = push.arriving(version) if move.new and version else None
        old = push.before.release(version) if move.old and version else None
        known = old.candidates + old.complete if old else ()
        for patch in dict.fromkeys(new.candidates + new.complete) if new and new.open else ():
            if patch not in known:
                yield move, patch


def _namesakes(push: Push, patch: str) -> list[str]:
    """The patch ids of production and of the open releases that have the number of a patch, itself included."""
    number = patch_number(patch)
    released = push.names_below(push.after.production, push.layout.patches)
    ids = {name for start in (f"{number}-", "0") for name in released.names(start) if is_patch_id(name)}
    ids.update(*push.once("listed ids", lambda: [each.candidates + each.complete for each in push.listing()]))
    return sorted(other for other in ids if patch_number(other) == number)


@rule("HH403", COMMIT, hint="take it out of that very commit: git rebase -i; put the change into a new patch")
def patch_immutable(push: Push) -> Iterator[Finding]:
    """A staged patch is what was reviewed, tested and perhaps already applied: it never changes again.

    `Patches/ID/` keeps path, modes and content from staging on, in every commit of every branch of the workflow. A branch
    that has not yet seen the staging keeps its old view until it merges.

    Refused::

        $ git switch ho-release/0.2.0; echo 'create index on posts (author);' >> Patches/2-posts/01_change.sql
        $ git commit -am 'Find the posts of an author faster'
        $ git push origin ho-release/0.2.0

    Accepted::

        $ git switch ho-patch/3-tags; echo 'create index on posts (author);' >> Patches/3-tags/01_change.sql
        $ git commit -am 'Find the posts of an author faster'
        $ git push origin ho-patch/3-tags
    """
    for breach in patch_breaches(push):
        commit = breach.commit.oid
        yield within(
            push, commit, f"'{breach.path}' was {breach.verb} in {commit[:10]}; the patch is staged", breach.path
        )


class _File(NamedTuple):
    """An entry at the top level of a patch directory, where it is judged; `draft`: unfinished work earns a warning only."""

    move: Move
    name: str
    path: str
    entry: Entry
    draft: bool

    def finding(self, text: str, line: int = 0, column: int = 0) -> Finding:
        return at(self.move, text, self.path, line)._replace(column=column, warning=self.draft)


def _directories(push: Push) -> Iterator[tuple[Move, str, Entry]]:
    """The patch directories to judge: on a moved patch branch its own, on a release branch those that enter with it."""
    room = push.layout.patches
    entering = set()
    tips = [push.before.production, *push.before.release_tips.values()]
    for move in push.moves_of(RELEASE_BRANCH):
        if not move.new:
            continue
        base = move.old or push.before.production
        for name in push.differing(push.room(base, room) if base else None, push.room(move.new, room)):
            entry = push.below(move.new, room, name)
            if entry and is_folder(entry) and all(push.below(tip, room, name) != entry for tip in tips if tip):
                entering.add(entry)
                yield move, name, entry
    for move in push.moves_of(PATCH_BRANCH):
        entry = push.below(move.new, room, move.name.patch) if move.new else None
        if entry and is_folder(entry) and entry not in entering:
            yield move, move.name.patch, entry


def _files(push: Push, move: Move, patch: str, entry: Entry) -> list[_File]:
    path = push.layout.path(push.layout.patches, patch, "")
    draft = move.name.kind == PATCH_BRANCH and not push.transport.commit
    return [_File(move, name, path + name, file, draft) for name, file in folder(push.objects, entry).items()]


@rule("HH405", UPDATE, hint="git mv the file; numbers of equal length sort as they read: 02_x.sql, 10_x.sql")
def patch_file_name(push: Push) -> Iterator[Finding]:
    """The files of a patch run in the byte order of their names, on every file system.

    Names without control characters, distinct when case is folded. A warning where people would expect another order than
    that of the bytes (`10_x.sql` runs before `2_x.sql`). No folder may pass for `Patches` in another case or script.

    Refused::

        $ git switch ho-patch/3-tags; cp Patches/3-tags/01_change.sql Patches/3-tags/01_CHANGE.sql
        $ git add Patches; git commit -m 'Once more'
        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 3-tags' ho-patch/3-tags
        $ git push origin ho-patch/3-tags ho-release/0.2.0

    Accepted::

        $ git switch ho-patch/3-tags; cp Patches/3-tags/01_change.sql Patches/3-tags/02_change.sql
        $ git add Patches; git commit -m 'Once more'
        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 3-tags' ho-patch/3-tags
        $ git push origin ho-patch/3-tags ho-release/0.2.0
    """
    for move, patch, entry in _directories(push):
        files = _files(push, move, patch, entry)
        folded: dict[str, str] = {}
        for file in files:
            if not file.name.isprintable():
                yield file.finding(f"'{file.path}' has control or other invisible characters in its name")
            other = folded.setdefault(file.name.casefold(), file.name)
            if other != file.name:
                yield file.finding(f"'{file.path}' is '{other}' where case does not count")
        run = [file for file in files if _is_run(file)]
        by_bytes = sorted(run, key=lambda file: file.name.encode("utf-8", "surrogateescape"))
        for first, human in zip(by_bytes, sorted(run, key=lambda file: _reading_order(file.name))):
            if first.name != human.name:
                yield first.finding(f"'{first.name}' runs before '{human.name}'")._replace(warning=True)
                break
    yield from look_alikes(push, push.layout.patches)


def _is_run(file: _File) -> bool:
    """Whether a file of a patch is executed when the patch is applied."""
    return is_file(file.entry) and file.name.endswith((".sql", ".py"))


def _reading_order(name: str) -> list[tuple[int, int, str]]:
    """The order in which people read names: runs of digits count as numbers."""
    parts: list[tuple[int, int, str]] = []
    word = ""
    for character in name + "\0":
        digit = "0" <= character <= "9"
        if (word and (word[0] in "0123456789") != digit) or character == "\0":
            parts.append((0, int(word), "") if word[:1].isdigit() else (1, 0, word))
            word = ""
        word += character
    return parts


@rule("HH406", UPDATE, hint="save the file as UTF-8 text, and close what the message names")
def patch_file_content(push: Push) -> Iterator[Finding]:
    """What is run must be readable as it stands, by the server that checks it and the database that executes it.

    `*.sql` and `*.py` files are UTF-8 without NUL bytes, no Git LFS pointers, and not larger than `maxFileSize`; in SQL
    every quote and comment ends. On a patch branch this is a warning, for unfinished work may be saved.

    Refused::

        $ git switch ho-patch/3-tags; echo "insert into tags values ('new);" >> Patches/3-tags/01_change.sql
        $ git commit -am 'The first tag'
        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 3-tags' ho-patch/3-tags
        $ git push origin ho-patch/3-tags ho-release/0.2.0

    Accepted::

        $ git switch ho-patch/3-tags; echo "insert into tags values ('new');" >> Patches/3-tags/01_change.sql
        $ git commit -am 'The first tag'
        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 3-tags' ho-patch/3-tags
        $ git push origin ho-patch/3-tags ho-release/0.2.0
    """
    for file in _run_files(push):
        content = push.objects.blob(file.entry.oid)
        if len(content) > push.config.maxFileSize:
            yield file.finding(f"'{file.path}' is larger than {push.config.maxFileSize} bytes (maxFileSize)")
        elif content.startswith(LFS_POINTER):
            yield file.finding(f"'{file.path}' is a Git LFS pointer, not what it points to")
        else:
            yield from _unreadable(file, content)
    yield from _sql_findings(push, "HH406")


def _run_files(push: Push) -> list[_File]:
    """The files that the patches of a push would run."""
    return push.once(
        "run files",
        lambda: [file for each in _directories(push) for file in _files(push, *each) if _is_run(file)],
    )


def _unreadable(file: _File, content: bytes) -> Iterator[Finding]:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        yield file.finding(f"'{file.path}' is not UTF-8", content.count(b"\n", 0, error.start) + 1)
    if b"\0" in content and not file.name.endswith(".sql"):
        yield file.finding(f"'{file.path}' has a NUL byte", content.count(b"\n", 0, content.index(b"\0")) + 1)


def _sql_findings(push: Push, code: str) -> list[Finding]:
    """What is wrong with the SQL of a push, as far as it falls under a code; each file is read once."""
    return push.once("sql", lambda: _read_sql(push)).get(code, [])


def _read_sql(push: Push) -> dict[str, list[Finding]]:
    files = [file for file in _run_files(push) if file.name.endswith(".sql")]
    if not files:
        return {}
    from halfhooks.sql import problems  # most pushes bring no SQL, and need not load what reads it

    found: dict[str, list[Finding]] = {}
    for file in files:
        content = push.objects.blob(file.entry.oid)
        if len(content) > push.config.maxFileSize:
            continue
        for problem in problems(content.decode("utf-8", "replace")):
            text = f"'{file.path}': {problem.message}"
            found.setdefault(problem.code, []).append(file.finding(text, problem.line, problem.column))
    return found


@rule(
    "HH407",
    UPDATE,
    hint="take the statement out: a patch is one transaction already; on the patch branch, then merge that again",
)
def patch_transaction_control(push: Push) -> Iterator[Finding]:
    """A patch is applied as a whole or not at all, by whatever tool: neither `COMMIT` nor a command of psql may be in it.

    Refused as statements are BEGIN, START TRANSACTION, COMMIT, END, ROLLBACK, ABORT, SAVEPOINT, RELEASE and PREPARE
    TRANSACTION, and commands of psql, which no database knows. On a patch branch this is a warning.

    Refused::

        $ git switch ho-patch/3-tags; echo 'commit;' >> Patches/3-tags/01_change.sql; git commit -am 'Be sure'
        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 3-tags' ho-patch/3-tags
        $ git push origin ho-patch/3-tags ho-release/0.2.0

    `BEGIN` and `END` of PL/pgSQL are no statements of the patch:

    Accepted::

        $ git switch ho-patch/3-tags; echo 'do $$ begin analyze tags; end $$;' >> Patches/3-tags/01_change.sql
        $ git commit -am 'Be fast'
        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 3-tags' ho-patch/3-tags
        $ git push origin ho-patch/3-tags ho-release/0.2.0
    """
    yield from _sql_findings(push, "HH407")


@rule("HH408", UPDATE, hint="move the statement to a file of its own that begins with: -- halfhooks: no-transaction")
def patch_mixes_transactions(push: Push) -> Iterator[Finding]:
    """A statement that cannot run in a transaction can fail half-way, so it must be all that its file does.

    `CREATE INDEX CONCURRENTLY`, `VACUUM` and the like stand alone in a file whose first line is
    `-- halfhooks: no-transaction`; an unknown or misplaced directive is refused. On a patch branch this is a warning.

    Refused::

        $ git switch ho-patch/3-tags
        $ echo 'create index concurrently on posts (author);' >> Patches/3-tags/01_change.sql
        $ git commit -am 'Find the posts of an author faster'
        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 3-tags' ho-patch/3-tags
        $ git push origin ho-patch/3-tags ho-release/0.2.0

    Accepted::

        $ git switch ho-patch/3-tags; echo '-- halfhooks: no-transaction' > Patches/3-tags/02_index.sql
        $ echo 'create index concurrently on posts (author);' >> Patches/3-tags/02_index.sql
        $ git add Patches; git commit -m 'Find the posts of an author faster'
        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 3-tags' ho-patch/3-tags
        $ git push origin ho-patch/3-tags ho-release/0.2.0
    """
    yield from _sql_findings(push, "HH408")


@rule(
    "HH409",
    COMMIT,
    hint="commit a regular file instead, in that very commit: git commit --amend, or git rebase -i",
    state=True,
)
def patch_special_file(push: Push) -> Iterator[Finding]:
    """What is listed, applied or dumped is plain text in plain files, so that every checkout shows the same.

    Symlinks, submodules and executable files have no place in `releases/`, `Patches/` and `model/`; the one exception is
    the link `model/schema.sql`.

    Refused::

        $ git switch ho-patch/3-tags; ln -s ../1-users/01_change.sql Patches/3-tags/02_users.sql
        $ git add Patches; git commit -m 'The users once more'
        $ git push origin ho-patch/3-tags

    Accepted::

        $ git switch ho-patch/3-tags; ln -s ../1-users/01_change.sql Patches/3-tags/02_users.sql
        $ git add Patches; git commit -m 'The users once more'
        $ cp --remove-destination Patches/1-users/01_change.sql Patches/3-tags/02_users.sql
        $ git add Patches; git commit --amend --no-edit
        $ git push origin ho-patch/3-tags
    """
    known = set()
    for commit in push.touching(*push.layout.folders()):
        for change in _own_entries(push, commit):
            if change.new and change.new.mode not in (FILE, FOLDER) and (change.path, change.new) not in known:
                known.add((change.path, change.new))
                kind = {SYMLINK: "a symlink", "160000": "a submodule"}.get(change.new.mode, "executable")
                yield within(push, commit.oid, f"'{change.path}' is {kind} in {commit.oid[:10]}", change.path)


def _own_entries(push: Push, commit: Commit) -> Iterator[Change]:
    """The entries of the three folders, themselves included, that a commit holds unlike all its parents."""
    layout = push.layout
    link = layout.path(layout.model, layout.schema_link)
    for room in layout.folders():
        if not push.touches(commit, room):
            continue
        mine = push.room(commit.oid, room)
        olds = [push.room(parent, room) for parent in commit.parents]
        if mine is None or mine in olds:
            continue
        if not is_folder(mine):
            yield Change(layout.path(room), None, mine)
        for name in push.own(commit, room):
            old = push.below(commit.parents[0], room, name) if commit.parents else None
            path = layout.path(room, name)
            for change in changes(push.objects, old, push.below(commit.oid, room, name), path):
                if not (change.path == link and change.new and change.new.mode == SYMLINK):
                    yield change
