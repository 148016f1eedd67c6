"""Who may import whom: every import of the project, read with ast, held against one table.

CONTRIBUTING.md shows the same table; a test compares the two.
"""

from __future__ import annotations

import ast
import fnmatch
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
VALUES = "values version layout names snapshot"
FACTS = f"{VALUES} history release config push promotion production integration immutability"

# who, and the modules of halfhooks that it may import; the first row that fits a module counts
TABLE = [
    ("__init__", ""),
    ("values", ""),
    ("version", "values"),
    ("layout", "values"),
    ("names", "values version layout"),
    ("snapshot", "values version layout names"),
    ("objects", VALUES),
    ("large_tree", f"{VALUES} objects"),
    ("history", VALUES),
    ("release", f"{VALUES} history"),
    ("sql", "values"),
    ("config", VALUES),
    ("rooms", f"{VALUES} objects"),
    ("push", f"{VALUES} history release config rooms"),
    ("promotion", f"{VALUES} history release config push"),
    ("production", f"{VALUES} release push"),
    ("integration", f"{VALUES} history release config push promotion"),
    ("immutability", f"{VALUES} history release config push integration"),
    ("rules._registry", "values push production"),
    ("rules", "push rules.*"),
    ("rules.patches", f"{FACTS} rules._registry sql"),
    ("rules.*", f"{FACTS} rules._registry"),
    ("git", f"{VALUES} objects large_tree"),
    ("collect", f"{VALUES} objects history release config rooms push git"),
    ("survey", f"{VALUES} config rooms push git collect"),
    ("state", f"{FACTS} rules"),
    ("past", f"{FACTS} rules state"),
    ("report", "names rules"),
    ("lock", ""),
    ("bundle", ""),
    ("index", f"{VALUES} git"),
    ("staged", f"{VALUES} release config rooms push git collect survey"),
    ("message", "values"),
    ("place", f"{VALUES} git survey"),
    ("trigger", f"{VALUES} config place"),
    ("before_commit", f"{VALUES} git push rules report lock place index staged trigger"),
    ("before_push", f"{VALUES} push collect rules report place survey trigger"),
    ("ticket", f"{VALUES} config git message place survey"),
    ("news", f"{VALUES} history release git place staged"),
    ("client", "objects git report survey place before_commit before_push ticket news"),
    ("entry", "bundle names snapshot objects push git collect rules report lock"),
    ("ho", ""),
    ("ho.*", "*"),
    ("hooks/chained", "entry client"),
    ("hooks/pre-receive", "bundle entry"),
    ("hooks/*", "client"),
    ("install/_pyz", "__init__ entry"),
    ("install/*", ""),
]

# the only homes of what must be installed, several separated by a blank; a folder ends with a slash
THIRD_PARTY = {
    "git": "halfhooks/ho/repository.py",
    "half_orm": "halfhooks/ho/",
    "psycopg2": "halfhooks/ho/database/ halfhooks/ho/codegen/introspect.py",
    "pytest": "tests/",
    "rich": "halfhooks/ho/console.py",
}

# what the hook path may import from the standard library when it starts: each of these is cheap, or already there
CHEAP = (
    "__future__ _bisect _collections _frozen_importlib_external _heapq _operator _stat errno fcntl gc "
    "io itertools marshal os posix select signal sys time zlib"
)

# measured: importing one of these costs as much as starting Python, or nearly (docs/performance.md)
DEAR = "argparse collections dataclasses difflib enum functools inspect json pathlib re subprocess tomllib traceback typing"

# imported inside a function of the hook path, and why that is worth it there
LAZY = {
    ("names", "unicodedata"): "only for names that are not ASCII; its tables are in a library of a megabyte",
    ("before_commit", "warnings"): "only for Python files of a patch, so that compiling one says nothing",
    ("staged", "_sha1"): "the ids of the trees of a commit; hashlib would load all of OpenSSL",
    ("staged", "hashlib"): "only in a SHA-256 repository, or where Python was built without its own SHA-1",
    ("hooks/chained", "tempfile"): "only where the system has no memfd_create",
}


class Import(NamedTuple):
    """`module` imports `target` in a line; `lazy`: inside a function; `typing`: for the type checker only."""

    module: str
    target: str
    line: int
    lazy: bool
    typing: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def sources() -> dict[str, Path]:
    """Every Python file of ours by its name in the table: `rules.tags`, `hooks/pre-receive`, `install/server`."""
    found = {}
    for path in (ROOT / "halfhooks").rglob("*.py"):
        parts = path.relative_to(ROOT / "halfhooks").with_suffix("").parts
        found[".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)] = path
    for folder in ("hooks", "install"):
        for path in (ROOT / folder).glob("*"):
            if path.suffix == ".py" or (path.is_file() and b"python" in path.read_bytes().split(b"\n")[0]):
                found[f"{folder}/{path.stem}"] = path
    return found


SOURCES = sources()


def imports(module: str) -> list[Import]:
    """All imports of a module, wherever they stand."""
    return list(_walk(module, ast.parse(SOURCES[module].read_text("utf-8")), lazy=False, typing=False))


def _walk(module: str, node: ast.AST, lazy: bool, typing: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(module, alias.name, node.lineno, lazy, typing)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{module}:{node.lineno} imports relatively"
        for alias in node.names:
            yield Import(module, _target(node.module or "", alias.name), node.lineno, lazy, typing)
    elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        for child in node.body:
            yield from _walk(module, child, lazy, True)
        for child in node.orelse:
            yield from _walk(module, child, lazy, typing)
    else:
        inside = lazy or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            yield from _walk(module, child, inside, typing)


def _target(package: str, name: str) -> str:
    """`from halfhooks import git` means the module halfhooks.git, `from halfhooks.git import Git` as well."""
    inner = f"{package}.{name}".partition("halfhooks.")[2]
    return f"{package}.{name}" if inner in SOURCES else package


def own(target: str) -> str | None:
    """The name in the table of an import of ours, or None."""
    if target == "halfhooks":
        return "__init__"
    return target[len("halfhooks.") :] if target.startswith("halfhooks.") else None


def permitted(module: str) -> list[str]:
    """What the table permits a module."""
    for who, may in TABLE:
        if fnmatch.fnmatchcase(module, who):
            return may.split()
    raise AssertionError(f"'{module}' has no row in the table of {Path(__file__).name}")


def in_ho(module: str) -> bool:
    """Whether it belongs to the command line, which may use what must be installed."""
    return module == "ho" or module.startswith("ho.")


def on_hook_path(module: str) -> bool:
    """Whether it is a hook, or imported by one."""
    return not in_ho(module) and not module.startswith("install/")


ALL = [found for module in SOURCES for found in imports(module)]


def test_every_import_is_in_the_table():
    wrong = []
    for found in ALL:
        target = own(found.target)
        may = permitted(found.module)
        if target is not None and not any(fnmatch.fnmatchcase(target, pattern) for pattern in may):
            wrong.append(f"{found}; the table allows it: {' '.join(may) or 'nothing'}")
    assert not wrong, "\n".join(wrong)


def test_the_table_has_no_row_for_what_is_gone():
    assert [who for who, _ in TABLE if not fnmatch.filter(SOURCES, who)] == []


def test_there_is_no_cycle():
    edges = {}
    for found in ALL:
        target = own(found.target)
        if target is not None and target != found.module:
            edges.setdefault(found.module, set()).add(target)
    seen: dict[str, bool] = {}  # True while the walk is below the module

    def visit(module, trail):
        assert not seen.get(module), "imports go round: " + " -> ".join([*trail, module])
        if module not in seen:
            seen[module] = True
            for target in sorted(edges.get(module, ())):
                visit(target, [*trail, module])
            seen[module] = False

    for module in SOURCES:
        visit(module, [])


def test_nothing_outside_ho_imports_ho():
    assert [str(found) for found in ALL if in_ho(own(found.target) or "") and not in_ho(found.module)] == []


def test_git_and_report_never_meet():
    for one, other in (("git", "report"), ("report", "git")):
        assert other not in {own(found.target) for found in ALL if found.module == one}


def test_what_must_be_installed_has_one_home():
    wrong = []
    for found in ALL:
        homes = THIRD_PARTY.get(found.target.split(".")[0])
        here = SOURCES[found.module].relative_to(ROOT).as_posix()
        at_home = (here == home or (home.endswith("/") and here.startswith(home)) for home in (homes or "").split())
        if homes is not None and not any(at_home):
            wrong.append(f"{found}; only {homes} may")
    assert not wrong, "\n".join(wrong)


def test_hooks_and_installers_need_the_standard_library_only():
    # Python 3.9 cannot list it; there the table of homes above must do
    standard = getattr(sys, "stdlib_module_names", None)
    for found in ALL:
        top = found.target.split(".")[0]
        if not in_ho(found.module) and top not in ("halfhooks", "install"):
            assert top in standard if standard else top not in THIRD_PARTY, found


def test_the_hook_path_starts_with_cheap_modules_only():
    wrong = []
    for found in ALL:
        if not on_hook_path(found.module) or own(found.target) is not None or found.typing:
            continue
        if found.target in CHEAP.split() or (found.lazy and (found.module, found.target) in LAZY):
            continue
        wrong.append(f"{found}, which is not in CHEAP" + (", and no reason stands in LAZY" if found.lazy else ""))
    assert not wrong, "\n".join(wrong)


def test_each_reason_for_a_lazy_import_is_still_needed():
    lazy = {(found.module, found.target) for found in ALL if found.lazy}
    assert set(LAZY) - lazy == set()


def test_importing_the_entry_loads_nothing_dear():
    """What the code says is one thing; this is what the interpreter of the server really loads."""
    core = "halfhooks.entry, halfhooks.report, halfhooks.rules"
    show = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {core}; print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", show]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert "halfhooks.entry" in loaded
    assert set(loaded) & {*DEAR.split(), "os"} == set()  # a fifth of a start, and the server's hook does without
    assert [name for name in loaded if name.startswith("halfhooks.ho")] == []


def test_the_package_itself_imports_nothing():
    assert imports("__init__") == []


def test_contributing_shows_this_table():
    assert markdown() in (ROOT / "CONTRIBUTING.md").read_text("utf-8"), f"CONTRIBUTING.md wants:\n\n{markdown()}"


def markdown() -> str:
    """The table as CONTRIBUTING.md shows it."""
    rows = [f"| `{who}` | {_words(may)} |" for who, may in TABLE]
    return "\n".join(["| module | may import |", "|---|---|", *rows])


def _words(may: str) -> str:
    if may == "*":
        return "anything of ours"
    return " ".join(f"`{word}`" for word in may.split()) or "nothing of ours"
