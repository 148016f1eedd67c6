# Promotion games: what was validated is what ships, in order, with its complete list and its model.

### out of order: 0.1.1 comes first
# refused: HH203
integrate 0.2.0 3-tags; integrate 0.2.0 5-code; prepare_promotion 0.2.0; commit 'Promote 0.2.0'
git push -q origin ho-prod

### two promotions in one push
# refused: HH107 HH203
integrate 0.1.1 4-fix; integrate 0.2.0 3-tags; integrate 0.2.0 5-code; prepare_promotion 0.1.1; commit 'Promote 0.1.1'
git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Merge ho-prod' ho-prod; prepare_promotion 0.2.0; commit 'Promote 0.2.0'
git push -q origin ho-prod ho-release/0.2.0

### the release is behind production
# refused: HH207
integrate 0.1.1 4-fix; git switch -q ho-prod; mkdir docs; echo x > docs/x.md; commit 'Document'; push ho-prod
prepare_promotion 0.1.1; commit 'Promote 0.1.1'
git push -q origin ho-prod

### a candidate is left
# refused: HH208
integrate 0.1.1 4-fix; new_patch 0.1.1 6-late; prepare_promotion 0.1.1; commit 'Promote 0.1.1'
git push -q origin ho-prod

### a release without any patch
# refused: HH211
withdraw 0.1.1 4-fix; push ho-release/0.1.1; prepare_promotion 0.1.1; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the list lacks a patch
# refused: HH306
integrate 0.1.1 4-fix; new_patch 0.1.1 6-late; work_on 6-late 'select 6;'; integrate 0.1.1 6-late
prepare_promotion 0.1.1; echo 6-late > releases/0.1.1.txt; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the list holds only what followed the RC
# refused: HH306
integrate 0.1.1 4-fix; cut_rc 0.1.1 1; new_patch 0.1.1 6-late; work_on 6-late 'select 6;'; integrate 0.1.1 6-late
prepare_promotion 0.1.1; echo 6-late > releases/0.1.1.txt; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the list is empty, for everything was in the RC
# refused: HH306
integrate 0.1.1 4-fix; cut_rc 0.1.1 1; prepare_promotion 0.1.1; : > releases/0.1.1.txt; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the list is in another order
# refused: HH306
integrate 0.1.1 4-fix; new_patch 0.1.1 6-late; work_on 6-late 'select 6;'; integrate 0.1.1 6-late
prepare_promotion 0.1.1; printf '6-late\n4-fix\n' > releases/0.1.1.txt; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the list holds one patch more
# refused: HH306
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; echo 9-ghost >> releases/0.1.1.txt; commit 'Promote 0.1.1'
git push -q origin ho-prod

### there is no list
# refused: HH107 HH306
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; git rm -q -f releases/0.1.1.txt; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the list bears another version
# refused: HH107 HH201 HH203 HH306
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; git mv releases/0.1.1.txt releases/0.1.2.txt; commit 'Promote 0.1.2'
git push -q origin ho-prod

### the RC file is dropped
# refused: HH301
integrate 0.1.1 4-fix; cut_rc 0.1.1 1; prepare_promotion 0.1.1; git rm -q -f releases/0.1.1-rc1.txt; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the stage file stays
# refused: HH107 HH304 HH306
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; echo 4-fix > releases/0.1.1-stage.txt; commit 'Promote 0.1.1'
git push -q origin ho-prod

### a file with another name appears in releases/
# refused: HH302 HH107
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; echo 9-ghost > releases/extra.txt; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the stage of another release appears in releases/
# refused: HH107 HH310
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; echo 9-ghost > releases/0.1.2-stage.txt; commit 'Promote 0.1.1'
git push -q origin ho-prod

### an older production list is edited on the way
# refused: HH301
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; echo 9-ghost >> releases/0.1.0.txt; commit 'Promote 0.1.1'
git push -q origin ho-prod

### a patch that no list names is smuggled in
# refused: HH212 HH107
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; mkdir Patches/9-ghost; echo 'drop table users;' > Patches/9-ghost/01.sql; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the SQL of the patch changes on the way
# refused: HH107 HH403
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; echo 'drop table users;' >> Patches/4-fix/01_change.sql; commit 'Promote 0.1.1'
git push -q origin ho-prod

### no schema
# refused: HH502 HH503
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; git rm -q -f model/schema-0.1.1.sql; commit 'Promote 0.1.1'
git push -q origin ho-prod

### no metadata
# refused: HH502
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; git rm -q -f model/metadata-0.1.1.sql; commit 'Promote 0.1.1'
git push -q origin ho-prod

### an older schema is edited
# refused: HH501
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; echo '-- more' >> model/schema-0.1.0.sql; commit 'Promote 0.1.1'
git push -q origin ho-prod

### another file appears in model/
# refused: HH502 HH107
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; echo x > model/data.sql; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the schema of a version to come
# refused: HH502 HH107
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; echo x > model/schema-0.2.0.sql; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the link still points at the schema before
# refused: HH503
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; ln -sfn schema-0.1.0.sql model/schema.sql; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the link is absolute
# refused: HH503
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; ln -sfn "$PWD/model/schema-0.1.1.sql" model/schema.sql; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the link takes a detour
# refused: HH503
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; ln -sfn ../model/schema-0.1.1.sql model/schema.sql; commit 'Promote 0.1.1'
git push -q origin ho-prod

### the link is a file
# refused: HH503
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; rm model/schema.sql; printf schema-0.1.1.sql > model/schema.sql; commit 'Promote 0.1.1'
git push -q origin ho-prod

### code in the commit after the merge
# refused: HH107
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; commit 'Promote 0.1.1'; echo '# more' >> app/p_4_fix.py; commit 'One more thing'
git push -q origin ho-prod

### the bookkeeping in a second and a third commit
# refused: HH107
integrate 0.1.1 4-fix; git switch -q ho-prod; git merge -q --no-ff -m 'Promote 0.1.1' ho-release/0.1.1
git mv releases/0.1.1-stage.txt releases/0.1.1.txt; commit 'The list'; git rm -q releases/0.1.1-candidates.txt; model 0.1.1; commit 'The rest'
git push -q origin ho-prod

### the release moves on in the push that promotes its old tip
# refused: HH107
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; commit 'Promote 0.1.1'
candidate 0.1.1 6-late
git push -q --atomic origin ho-prod ho-release/0.1.1

### the list is a link to the stage of the release
# refused: HH303 HH306
integrate 0.1.1 4-fix; prepare_promotion 0.1.1
mkdir lists; mv releases/0.1.1.txt lists; ln -s ../lists/0.1.1.txt releases/0.1.1.txt; commit 'Promote 0.1.1'
git push -q origin ho-prod

### git took the tag and the deletion of a promotion, and dropped ho-prod: the rest is pushed again
# accepted
integrate 0.1.1 4-fix; before=$(git rev-parse ho-prod); promote 0.1.1
git -C ../server.git update-ref refs/heads/ho-prod "$before"
git push -q origin ho-prod

### the same, but what is pushed again has one change more
# refused: HH107
integrate 0.1.1 4-fix; before=$(git rev-parse ho-prod); promote 0.1.1
git -C ../server.git update-ref refs/heads/ho-prod "$before"
echo '# quick fix' >> app/p_4_fix.py; git add -A; git commit -q --amend --no-edit
git push -q origin ho-prod
