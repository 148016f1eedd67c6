#!/bin/sh
# The whole workflow in plain git, without `ho`: every push here is legal and must be accepted.
#   usage: lifecycle.sh WORKDIR [INSTALL_COMMAND]
# Makes WORKDIR/server.git (bare) and WORKDIR/clone. INSTALL_COMMAND, if given, is run with the path of server.git appended, before
# the first push (for example: "python3 install/server.py"). Prints one line per push; exits 1 at the first push that is refused.
# Environment: FORMAT=sha256 (object format), ROOT=services/shop (the project is a folder of a monorepo), ORIGIN=URL (push there).
set -eu
work=$1 install=${2:-}
mkdir -p "$work"; work=$(cd "$work" && pwd)
. "$(dirname "$0")/workflow.sh"
git init -q --bare --object-format="${FORMAT:-sha1}" -b ho-prod "$work/server.git"
[ -z "$install" ] || $install "$work/server.git"
git init -q --object-format="${FORMAT:-sha1}" -b ho-prod "$work/clone"; cd "$work/clone"; git remote add origin "${ORIGIN:-$work/server.git}"
if [ -n "${ROOT:-}" ]; then
    printf '[halfhooks]\n\troot = %s\n' "$ROOT" > halfhooks.conf; mkdir -p "$ROOT" billing; echo '# another project' > billing/README.md; cd "$ROOT"
fi

n=0
push() { n=$((n+1)); if git push -q --atomic origin "$@" 2>"$work/push.log"; then echo "ok $n push $*"; else echo "REFUSED $n push $*"; cat "$work/push.log"; exit 1; fi; }

begin
# --- 0.1.0: two patches, two RCs, production
start_release 0.1.0; new_patch 0.1.0 1-users; work_on 1-users 'create table users (id int primary key, name text not null);'
integrate 0.1.0 1-users; cut_rc 0.1.0 1
new_patch 0.1.0 2-users-email; work_on 2-users-email 'alter table users add column email text;'
integrate 0.1.0 2-users-email; cut_rc 0.1.0 2; promote 0.1.0
# --- parallel releases: 0.2.0 and 0.1.1; 0.1.1 goes first
start_release 0.2.0; new_patch 0.2.0 3-posts; work_on 3-posts 'create table posts (id int primary key, author int references users);'
start_release 0.1.1; new_patch 0.1.1 4-fix; work_on 4-fix 'create index on users (name);'
git switch -q ho-patch/4-fix; git commit -q --amend -m 'Implement 4-fix, better'; push +ho-patch/4-fix          # a patch branch may be rewritten
integrate 0.1.1 4-fix; promote 0.1.1                                                                          # no RC: it is optional
sync_release 0.2.0
# --- two candidates of one release that overlap: 7-tags has an old view of 3-posts, and keeps it until it merges
new_patch 0.2.0 7-tags; git switch -q ho-patch/3-posts; echo 'More words.' >> Patches/3-posts/README.md; commit 'Describe 3-posts'; push ho-patch/3-posts
integrate 0.2.0 3-posts; work_on 7-tags 'create table tags (name text primary key);'
echo '-- later' >> Patches/7-tags/01_change.sql; commit 'Still 7-tags'; push ho-patch/7-tags
# --- the merge button of a Git host: merged in one push, staged in a later one
merge_patch 0.2.0 7-tags; push ho-release/0.2.0; stage 0.2.0 7-tags
# --- a code-only patch, squashed; and one by fast-forward
new_patch 0.2.0 8-typo; echo '# typo' >> app/p_1_users.py; commit 'One'; echo '# again' >> app/p_1_users.py; commit 'Two'; push ho-patch/8-typo
git switch -q ho-release/0.2.0; git merge -q --squash ho-patch/8-typo >/dev/null; commit '8-typo, squashed'; push ho-release/0.2.0; stage 0.2.0 8-typo
new_patch 0.2.0 9-view; work_on 9-view 'create view authors as select * from users;'
git switch -q ho-release/0.2.0; git merge -q --ff-only ho-patch/9-view; push ho-release/0.2.0; stage 0.2.0 9-view
cut_rc 0.2.0 1
# --- the next version begins while 0.2.0 has an RC, on top of it; its branch starts at the tip of ho-prod, as a host's "create branch" does
git branch -q ho-release/0.3.0 ho-prod; push ho-release/0.3.0
git switch -q ho-release/0.3.0; git merge -q --no-ff -m 'Merge 0.2.0 into 0.3.0' ho-release/0.2.0; push ho-release/0.3.0
new_patch 0.3.0 10-stats; work_on 10-stats 'create view stats as select count(*) from posts;'
# --- hotfix of 0.1.1 while 0.2.0 has an active RC
hotfix_open 0.1.1 v0.1.1; new_patch 0.1.1 5-urgent; work_on 5-urgent 'alter table users add check (name <> $$$$);'
integrate 0.1.1 5-urgent; promote_hotfix 0.1.1 1
sync_release 0.2.0; promote 0.2.0
sync_release 0.3.0; integrate 0.3.0 10-stats; promote 0.3.0
# --- a candidate moves to another release, in one push
start_release 0.4.0; start_release 1.0.0; new_patch 1.0.0 11-move
withdraw 1.0.0 11-move; candidate 0.4.0 11-move; git branch -q -f ho-patch/11-move; push ho-release/1.0.0 ho-release/0.4.0 +ho-patch/11-move
work_on 11-move 'comment on table users is $$people$$;'; integrate 0.4.0 11-move; promote 0.4.0
# --- a release abandoned after its RC, and started again without one of its patches: RC numbers go on
sync_release 1.0.0; new_patch 1.0.0 12-bad; work_on 12-bad 'drop table tags;'; integrate 1.0.0 12-bad; cut_rc 1.0.0 1
abandon 1.0.0 1
start_release 1.0.0; new_patch 1.0.0 13-good; work_on 13-good 'alter table tags add column colour text;'
integrate 1.0.0 13-good; cut_rc 1.0.0 2; promote 1.0.0
# --- a candidate withdrawn, an abandoned release, branches and tags outside the workflow
start_release 1.1.0; new_patch 1.1.0 6-maybe; withdraw 1.1.0 6-maybe; push ho-release/1.1.0; push :ho-patch/6-maybe
push :ho-release/1.1.0; git switch -q ho-prod; git branch -q -D ho-release/1.1.0
git switch -q -c docs/idea ho-prod; echo idea > IDEA.md; commit 'An idea'; push docs/idea; git tag -a -m demo demo-2026; push demo-2026
echo "accepted $n pushes"
