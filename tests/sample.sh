#!/bin/sh
# The sample project "shop", on which the examples of the rules and the attacks are played.
#   usage: sample.sh WORKDIR [INSTALL_COMMAND]      (as lifecycle.sh)
# Makes WORKDIR/server.git, guarded if INSTALL_COMMAND is given, and WORKDIR/clone, which stands on ho-prod with every branch checked out:
#
#   ho-prod             0.1.0 is in production: 1-users (create table users), released through an RC; before it 0.0.0, the empty project.
#                       halfhooks.conf says freePaths = docs/**, README.md; .hop/config says hop_version = 0.17.0
#   v0.1.0-rc1, v0.1.0  its tags; no hotfix so far
#   ho-release/0.1.1    in preparation, the smallest: candidate 4-fix
#     ho-patch/4-fix    one commit: Patches/4-fix/01_change.sql and app/p_4_fix.py; not integrated
#   ho-release/0.2.0    in preparation: 2-posts is staged, its branch is gone; candidates 3-tags and 5-code
#     ho-patch/3-tags   one commit: Patches/3-tags/01_change.sql and app/p_3_tags.py; not integrated
#     ho-patch/5-code   one commit: app/code.py; code only, so Patches/5-code/ holds just its README.md; not integrated
#   topic, demo-2026    a branch and a tag outside the workflow; topic is one commit above ho-prod: app/topic.py
#
# All dates are equal, so the object ids are the same everywhere.
set -eu
work=$1 install=${2:-}
mkdir -p "$work"; work=$(cd "$work" && pwd)
. "$(dirname "$0")/workflow.sh"
export GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z'
git init -q --bare -b ho-prod "$work/server.git"
[ -z "$install" ] || $install "$work/server.git"
git init -q -b ho-prod "$work/clone"; cd "$work/clone"; git remote add origin ../server.git

printf '[halfhooks]\n\tfreePaths = docs/**, README.md\n' > halfhooks.conf
mkdir .hop; printf '[halfORM]\nhop_version = 0.17.0\n' > .hop/config
begin
start_release 0.1.0; new_patch 0.1.0 1-users; work_on 1-users 'create table users (id int primary key, name text not null);'
integrate 0.1.0 1-users; cut_rc 0.1.0 1; promote 0.1.0
start_release 0.2.0; new_patch 0.2.0 2-posts; work_on 2-posts 'create table posts (id int primary key, author int references users);'
integrate 0.2.0 2-posts
new_patch 0.2.0 3-tags; work_on 3-tags 'create table tags (name text primary key);'
new_patch 0.2.0 5-code; mkdir -p app; echo 'print("hello")' > app/code.py; commit 'Implement 5-code'; push ho-patch/5-code
start_release 0.1.1; new_patch 0.1.1 4-fix; work_on 4-fix 'create index on users (name);'
git switch -q -c topic ho-prod; mkdir -p app; echo '# topic' > app/topic.py; commit 'A topic'; push topic
git switch -q ho-prod; git tag -a -m demo demo-2026; push demo-2026
git fetch -q origin
