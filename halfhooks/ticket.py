"""The reference to the ticket of a patch, put into the message file that git hands to a hook."""

from __future__ import annotations

import os

from halfhooks.git import GitError, Repository, parse_pairs
from halfhooks.layout import HALFHOOKS
from halfhooks.names import PATCH_BRANCH, parse_ref, patch_number
from halfhooks.place import PASS, find_head, find_place, read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from halfhooks.place import Environment, Verdict

COMMENTS = "#;@!$%^&|:"
"""What git chooses from where core.commentChar is `auto`."""


def refer_to_ticket(git: str, environment: Environment, arguments: Sequence[str]) -> Verdict:
    """Put the reference into the message file that git names."""
    if not arguments:
        from halfhooks.survey import CannotTell

        raise CannotTell("git gives this hook the file that holds the message")
    place = find_place(git, environment)
    name = parse_ref(find_head(git, place, environment).ref, HALFHOOKS)
    if name.kind != PATCH_BRANCH:
        return PASS, []
    from halfhooks.git import Process
    from halfhooks.message import is_untouched, refer

    keys = r"^(core\.comment(char|string)|commit\.template)$"
    asked = Process((git, "config", "-z", "--get-regexp", keys), dict(environment))
    repository = Repository(git, place.own_dir, environment)
    ticket = _read_ticket(repository, os.path.join(os.getcwd(), HALFHOOKS.policy))
    if not ticket:
        return PASS, []
    with open(arguments[0], encoding="utf-8", errors="surrogateescape", newline="") as file:
        text = file.read()
    try:
        settings = dict(parse_pairs(asked.finish()))
    except GitError:
        settings = {}
    comment = _comment(settings, text)
    if "commit.template" in settings:
        path = Process((git, "config", "--type=path", "--get", "commit.template"), dict(environment)).finish()
        if is_untouched(text, read_text(os.fsdecode(path).removesuffix("\n")), comment):
            return PASS, []
    changed = refer(text, f"{ticket}{patch_number(name.patch)}", comment)
    if changed != text:
        new = f"{arguments[0]}.halfhooks"
        with open(new, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(changed)
        os.replace(new, arguments[0])
    return PASS, []


def _read_ticket(repository: Repository, file: str) -> str:
    """What stands before the number of a ticket, in a policy of the working tree or the repository's own keys."""
    from halfhooks.config import make_config, parse_config

    asked = [repository.start("config", "--file", file, "--no-includes", "-z", "--list")]
    if repository.has_own_keys():
        asked.append(repository.start_config())
    pairs = []
    for process in asked:
        try:
            pairs += parse_pairs(process.finish())
        except GitError:  # there may be no such file, and no such key
            pass
    return make_config(parse_config(pairs)[0]).ticket


def _comment(settings: Mapping[str, str], text: str) -> str:
    """What a comment begins with in a message: as configured, or `auto`, which is to be seen in the last line of git's."""
    from halfhooks.message import SCISSORS

    found = [value for key, value in settings.items() if key.startswith("core.comment")] or ["#"]
    if found[-1] != "auto":
        return found[-1] or "#"
    last = text.split(f" {SCISSORS}\n")[0].rstrip().rpartition("\n")[2][:1]
    return last if last and last in COMMENTS else "#"
