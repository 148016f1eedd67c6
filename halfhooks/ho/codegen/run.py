"""One run: what a schema makes of a package, held against what is there, and put in place where that is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Optional

from halfhooks.ho.codegen import manifest, write
from halfhooks.ho.codegen.model import Wanted
from halfhooks.ho.codegen.regions import settled
from halfhooks.ho.codegen.store import Source
from halfhooks.ho.codegen.target import DEFAULT, OURS, TESTS, Request, find_target
from halfhooks.ho.codegen.write import Plan
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple


class Choice(NamedTuple):
    """What is to be made: `folder` and `tests` as they are shown, below `top`; `package` as it is imported.

    `config` is the name of half_orm's configuration, "" for that of the package. A `partial` run leaves alone what belongs
    to other schemas.
    """

    folder: str
    package: str
    target: str = DEFAULT
    config: str = ""
    tests: str = ""
    wanted: Wanted = Wanted()
    names: tuple[tuple[str, str], ...] = ()
    types: tuple[tuple[str, str], ...] = ()
    top: str = ""
    partial: bool = False

    def places(self) -> list[tuple[str, str]]:
        """The folders, each with the target that writes to it; `CannotTell` for what is none."""
        if not all(part.isidentifier() for part in self.package.split(".")):
            said = f"'{self.package}' cannot be imported: it is no name in Python"
            raise CannotTell(f"{said}; choose another: --import-as NAME")
        if self.target not in OURS:
            find_target(self.target)  # ours are imported when there is something to do
        found = [(self.folder, self.target)]
        if self.tests:
            if self.target not in TESTS:
                raise CannotTell(f"the target '{self.target}' has no tests; leave out --tests")
            found.append((self.tests, TESTS[self.target]))
        for folder, _ in found:
            if Path(self.top, folder).exists() and not Path(self.top, folder).is_dir():
                raise CannotTell(f"'{folder}' is no folder; give one that is, or that is to be made")
        return found


class Part(NamedTuple):
    """What one target has to do below one folder; `inputs` and `remarks` are noted when it is done."""

    folder: str
    root: Path
    target: str
    plan: Plan
    inputs: str
    remarks: tuple[str, ...]
    known: bool


class Run(NamedTuple):
    """What was found, and done where something had to be. `kept`: no database was asked."""

    parts: list[Part]
    remarks: list[str]
    written: bool
    kept: bool

    @property
    def fresh(self) -> bool:
        """Whether there was nothing to do."""
        return all(part.plan.fresh for part in self.parts)

    def paths(self, name: str) -> list[str]:
        """The files of one of the lists of a plan, as they are shown."""
        lists = ((part.folder, getattr(part.plan, name)) for part in self.parts)
        return [f"{folder}/{each if isinstance(each, str) else each[0]}" for folder, found in lists for each in found]

    def diff(self) -> Iterator[str]:
        """What would change, as the lines of a unified diff."""
        for part in self.parts:
            yield from write.diff(part.plan, f"{part.folder}/")


def run(choice: Choice, source: Source, check: bool) -> Run:
    """Compare, and write unless it is a `check`; `CannotTell` where nothing was done."""
    places = [(folder, Path(choice.top, folder), target) for folder, target in choice.places()]
    interrupted = [root for _, root, _ in places if write.interrupted(root)]
    for root in interrupted if not check else ():
        with write.locked(root):
            write.finish(root)
    parts = [compare(choice, source, *place) for place in places]
    remarks = [remark for part in parts for remark in part.remarks]
    problems = [f"in {part.folder}/, {problem}" for part in parts for problem in part.plan.conflicts]
    if problems:
        raise CannotTell("; ".join([*problems[:5], *(["..."] if len(problems) > 5 else [])]))
    if check:
        told = ["the last run was interrupted; the next one finishes it: ho codegen"] if interrupted else []
        return Run(parts, [*remarks, *told], False, source.kept)
    for part in parts:
        if part.plan.changes or part.plan.deleted:
            remarks += write.apply(part.root, part.plan)
        if not part.known:
            manifest.save(part.root, part.target, part.inputs, part.plan, part.remarks)
    return Run(parts, remarks, True, source.kept)


def compare(choice: Choice, source: Source, folder: str, root: Path, target: str) -> Part:
    """What a target has to do below a folder. Nothing is rendered when all is as it was after the last run."""
    inputs = manifest.fingerprint(target, source.id, choice._replace(folder="", tests="", top=""))
    known = manifest.fresh(root, target, inputs) if choice.target in OURS else None  # a plug-in may have changed
    if known is not None:
        deleted, orphans = write.gone(root, target, known.files, _scope(choice, known.files))
        files = tuple((path, "") for path, digest in sorted(known.files.items()) if digest)
        if not deleted and not orphans:
            return Part(folder, root, target, Plan(files=files), inputs, known.remarks, True)
    schema = choice.wanted.of(source.read())
    package = Path(choice.top, choice.folder)

    @lru_cache(None)  # names are sought where modules may have been before, of each relation several times
    def read(path: str) -> Optional[str]:
        return write.read(package, path)

    def existing(path: str) -> Optional[str]:
        text = read(path)
        return settled(text) if text else text

    request = Request(
        schema,
        choice.package,
        existing,
        dict(choice.names),
        dict(choice.types),
        choice.config,
    )
    output = find_target(target).generate(request)
    scope = _scope(choice, (file.path for file in output.files))
    plan = write.plan(root, target, output, scope, read if root == package else None)
    return Part(folder, root, target, plan, inputs, output.remarks, False)


def _scope(choice: Choice, paths: Iterable[str]) -> Optional[set[str]]:
    """The folders in which every file has to belong to a relation; None for all."""
    return {path.rpartition("/")[0] for path in paths} - {""} if choice.partial else None
