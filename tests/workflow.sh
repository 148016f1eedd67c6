# The workflow in plain git, one shell function a step. Sourced by lifecycle.sh, sample.sh, the builders and the attacks.
# The caller stands in a clone (or, in a monorepo, in the folder of the project) whose remote is "origin".

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null LC_ALL=C \
       GIT_AUTHOR_NAME=dev GIT_AUTHOR_EMAIL=dev@example.org GIT_COMMITTER_NAME=dev GIT_COMMITTER_EMAIL=dev@example.org

push() { git push -q --atomic origin "$@"; }
commit() { git add -A; git commit -q -m "$1"; }
refused() { # COMMAND...: an earlier push of the story, which is refused
    if "$@"; then echo "this was to be refused: $*" >&2; return 1; fi; }

# --- the project
model() { # VERSION: what a promotion adds below model/
    printf -- '-- schema of %s\n' "$1" > "model/schema-$1.sql"; printf -- '-- metadata of %s\n' "$1" > "model/metadata-$1.sql"
    ln -sfn "schema-$1.sql" model/schema.sql; }
begin() {
    mkdir -p releases model Patches; : > releases/0.0.0.txt; model 0.0.0
    echo '# shop' > README.md; echo 'Patches, one directory each' > Patches/README.md
    commit 'Begin the project'; push ho-prod; }

# --- releases
start_release() { # VERSION
    git switch -q -c "ho-release/$1" ho-prod; : > "releases/$1-candidates.txt"; : > "releases/$1-stage.txt"
    commit "Start release $1"; push "ho-release/$1"; }
sync_release() { # VERSION
    git switch -q "ho-release/$1"; git merge -q --no-ff -m "Merge ho-prod into $1" ho-prod; push "ho-release/$1"; }
prepare_rc() { # VERSION N: the cut, not yet committed
    git switch -q "ho-release/$1"; git mv "releases/$1-stage.txt" "releases/$1-rc$2.txt"; : > "releases/$1-stage.txt"; git add -A; }
cut_rc() { # VERSION N
    prepare_rc "$1" "$2"; commit "Cut $1-rc$2"; git tag -a -m "Release candidate $1-rc$2" "v$1-rc$2"; push "ho-release/$1" "v$1-rc$2"; }
prepare_promotion() { # VERSION: the merge into ho-prod with its bookkeeping, not yet committed
    git switch -q ho-prod; git merge -q --no-ff --no-commit "ho-release/$1" 2>/dev/null
    cat $(ls releases/"$1"-rc*.txt 2>/dev/null | sort -V) "releases/$1-stage.txt" > "releases/$1.txt"
    git rm -q -f "releases/$1-candidates.txt" "releases/$1-stage.txt"; model "$1"; git add -A; }
promote() { # VERSION
    prepare_promotion "$1"; commit "Promote $1 to production"; git tag -a -m "Release $1" "v$1"
    push ho-prod "v$1" ":ho-release/$1"; git branch -q -D "ho-release/$1"; }

# --- patches
candidate() { # VERSION ID: list a patch on the release branch, without pushing
    git switch -q "ho-release/$1"; echo "$2" >> "releases/$1-candidates.txt"; mkdir -p "Patches/$2"; echo "# $2" > "Patches/$2/README.md"
    commit "Add $2 to the candidates of $1"; }
new_patch() { # VERSION ID
    candidate "$1" "$2"; git switch -q -c "ho-patch/$2"; push "ho-release/$1" "ho-patch/$2"; }
change() { # ID SQL: a commit of the patch branch, without pushing
    git switch -q "ho-patch/$1"; mkdir -p app tests
    echo "$2" > "Patches/$1/01_change.sql"; echo "# code of $1" > "app/p_$(echo "$1" | tr - _).py"; commit "Implement $1"; }
work_on() { # ID SQL
    change "$1" "$2"; push "ho-patch/$1"; }
merge_patch() { # VERSION ID
    git switch -q "ho-release/$1"; git merge -q --no-ff -m "Integrate $2 into $1" "ho-patch/$2"; }
move_to_stage() { # VERSION ID: candidate -> stage, in the files
    grep -vx "$2" "releases/$1-candidates.txt" > c || :; mv c "releases/$1-candidates.txt"; echo "$2" >> "releases/$1-stage.txt"; }
stage() { # VERSION ID: an integrated candidate becomes staged, its branch goes
    move_to_stage "$1" "$2"; commit "Stage $2 in $1"; push "ho-release/$1"; push ":ho-patch/$2"; git branch -q -D "ho-patch/$2"; }
integrate() { # VERSION ID: merge, candidate -> stage, then drop the branch
    merge_patch "$1" "$2"; stage "$1" "$2"; }
withdraw() { # VERSION ID: a candidate leaves its release, without pushing
    git switch -q "ho-release/$1"; git rm -q -r "Patches/$2"; grep -vx "$2" "releases/$1-candidates.txt" > c || :; mv c "releases/$1-candidates.txt"
    commit "Withdraw $2 from $1"; }
abandon() { # VERSION N
    git tag -a -m "Abandon $1" "v$1-abandoned$2" "ho-release/$1"; git switch -q ho-prod
    push "v$1-abandoned$2" ":ho-release/$1"; git branch -q -D "ho-release/$1"; }

# --- hotfixes
hotfix_open() { # VERSION FROM_TAG
    git switch -q -c "ho-release/$1" "$2"; echo '# HOTFIX' > "releases/$1-candidates.txt"; : > "releases/$1-stage.txt"
    commit "Reopen $1 for a hotfix"; push "ho-release/$1"; }
prepare_hotfix() { # VERSION N: the merge into ho-prod with its bookkeeping, not yet committed
    git switch -q ho-prod; git merge -q --no-ff --no-commit "ho-release/$1" 2>/dev/null
    mv "releases/$1-stage.txt" "releases/$1-hotfix$2.txt"; git rm -q -f "releases/$1-candidates.txt"; model "$1-hotfix$2"; git add -A; }
promote_hotfix() { # VERSION N
    prepare_hotfix "$1" "$2"; commit "Promote $1-hotfix$2"; git tag -a -m "Hotfix $2 of $1" "v$1-hotfix$2"
    push ho-prod "v$1-hotfix$2" ":ho-release/$1"; git branch -q -D "ho-release/$1"; }
