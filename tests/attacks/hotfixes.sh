# Hotfix games: production is reopened at its newest tag, marked, and goes first.

urgent() { # 0.1.0 is reopened, and 8-urgent staged
    hotfix_open 0.1.0 v0.1.0; new_patch 0.1.0 8-urgent; work_on 8-urgent 'select 8;'; integrate 0.1.0 8-urgent; }
reopen() { # VERSION START: the branch of a hotfix, not pushed
    git switch -q -c "ho-release/$1" "$2"; echo '# HOTFIX' > "releases/$1-candidates.txt"; : > "releases/$1-stage.txt"; commit "Reopen $1"; }

### reopened above the tag
# refused: HH205 HH209
mkdir docs; echo x > docs/x.md; commit 'Document'; push ho-prod
reopen 0.1.0 ho-prod
git push -q origin ho-release/0.1.0

### reopened on an ordinary branch
# refused: HH205 HH209
reopen 0.1.0 topic
git push -q origin ho-release/0.1.0

### an older version is reopened
# refused: HH202 HH205
integrate 0.1.1 4-fix; promote 0.1.1
reopen 0.1.0 v0.1.0
git push -q origin ho-release/0.1.0

### reopened at v0.1.0 although v0.1.0-hotfix1 is newer
# refused: HH205
urgent; promote_hotfix 0.1.0 1
reopen 0.1.0 v0.1.0
git push -q origin ho-release/0.1.0

### reopened without the marker
# refused: HH309 HH202
git switch -q -c ho-release/0.1.0 v0.1.0; : > releases/0.1.0-candidates.txt; : > releases/0.1.0-stage.txt; commit 'Reopen'
git push -q origin ho-release/0.1.0

### reopened with the marker on the second line
# refused: HH309 HH202
git switch -q -c ho-release/0.1.0 v0.1.0; printf '# urgent\n# HOTFIX\n' > releases/0.1.0-candidates.txt; : > releases/0.1.0-stage.txt; commit 'Reopen'
git push -q origin ho-release/0.1.0

### the marker is removed
# refused: HH309
urgent; : > releases/0.1.0-candidates.txt; commit 'No marker'
git push -q origin ho-release/0.1.0

### an ordinary release with the marker
# refused: HH309
git switch -q ho-release/0.1.1; printf '# HOTFIX\n4-fix\n' > releases/0.1.1-candidates.txt; commit 'Hurry'
git push -q origin ho-release/0.1.1

### a new release with the marker
# refused: HH309 HH209
reopen 1.0.0 ho-prod
git push -q origin ho-release/1.0.0

### number 2 comes first
# refused: HH205
urgent; prepare_hotfix 0.1.0 2; commit 'Promote 0.1.0-hotfix2'
git push -q origin ho-prod

### the production list of 0.1.0 is extended instead
# refused: HH301
urgent; prepare_hotfix 0.1.0 1; git rm -q -f releases/0.1.0-hotfix1.txt; echo 8-urgent >> releases/0.1.0.txt; commit 'Promote 0.1.0 again'
git push -q origin ho-prod

### the list of the hotfix holds what was released before
# refused: HH306
urgent; prepare_hotfix 0.1.0 1; printf '1-users\n8-urgent\n' > releases/0.1.0-hotfix1.txt; commit 'Promote 0.1.0-hotfix1'
git push -q origin ho-prod

### the list of the hotfix is empty
# refused: HH306
urgent; prepare_hotfix 0.1.0 1; : > releases/0.1.0-hotfix1.txt; commit 'Promote 0.1.0-hotfix1'
git push -q origin ho-prod

### the schema of the hotfix bears the version alone
# refused: HH501 HH502 HH503
urgent; prepare_hotfix 0.1.0 1; git rm -q -f model/schema-0.1.0-hotfix1.sql; echo '-- 8' >> model/schema-0.1.0.sql; ln -sfn schema-0.1.0.sql model/schema.sql; commit 'Promote'
git push -q origin ho-prod

### an ordinary release goes first
# refused: HH203
urgent; integrate 0.1.1 4-fix; prepare_promotion 0.1.1; commit 'Promote 0.1.1'
git push -q origin ho-prod

### after the hotfix, a release that has not merged it
# refused: HH207
urgent; integrate 0.1.1 4-fix; promote_hotfix 0.1.0 1
git switch -q ho-prod; git merge -q --no-ff --no-commit ho-release/0.1.1 2>/dev/null
mv releases/0.1.1-stage.txt releases/0.1.1.txt; git rm -q -f releases/0.1.1-candidates.txt; model 0.1.1; commit 'Promote 0.1.1'
git push -q origin ho-prod

### a hotfix of a version that production has left behind
# refused: HH205
integrate 0.1.1 4-fix; promote 0.1.1
git switch -q ho-prod; echo 8-urgent > releases/0.1.0-hotfix1.txt; model 0.1.0-hotfix1; commit 'Promote 0.1.0-hotfix1'
git push -q origin ho-prod
