# A patch branch changes its own directory, code and tests: nothing that belongs to the release or to others. Nor after it was staged.

### it stages itself
# refused: HH111
git switch -q ho-patch/3-tags; move_to_stage 0.2.0 3-tags; commit 'Stage myself'
git push -q origin ho-patch/3-tags

### it writes a production list
# refused: HH111
git switch -q ho-patch/3-tags; echo 3-tags > releases/0.2.0.txt; commit 'Release myself'
git push -q origin ho-patch/3-tags

### it writes a schema
# refused: HH111 HH502
git switch -q ho-patch/3-tags; model 0.2.0; commit 'Model'
git push -q origin ho-patch/3-tags

### it writes into another candidate's directory
# refused: HH111
git switch -q ho-patch/4-fix; mkdir Patches/3-tags; echo 'select 1;' > Patches/3-tags/02_more.sql; commit 'Help 3-tags'
git push -q origin ho-patch/4-fix

### it makes a directory for a patch that nobody listed
# refused: HH111
git switch -q ho-patch/4-fix; mkdir Patches/9-ghost; echo 'select 1;' > Patches/9-ghost/01.sql; commit 'Ghost'
git push -q origin ho-patch/4-fix

### it goes on after it was staged
# refused: HH112
merge_patch 0.1.1 4-fix; move_to_stage 0.1.1 4-fix; commit 'Stage 4-fix'; git push -q origin ho-release/0.1.1
git switch -q ho-patch/4-fix; echo '# late' >> app/p_4_fix.py; commit 'Late'
git push -q origin ho-patch/4-fix

### it is rewritten after it was staged
# refused: HH112
merge_patch 0.1.1 4-fix; move_to_stage 0.1.1 4-fix; commit 'Stage 4-fix'; git push -q origin ho-release/0.1.1
git switch -q ho-patch/4-fix; git commit -q --amend -m 'Other words'
git push -q origin +ho-patch/4-fix

### it goes on after it was withdrawn
# refused: HH112
withdraw 0.1.1 4-fix; git push -q origin ho-release/0.1.1
git switch -q ho-patch/4-fix; echo '# late' >> app/p_4_fix.py; commit 'Late'
git push -q origin ho-patch/4-fix

### it returns after it was staged and deleted
# refused: HH110 HH112
git switch -q -c ho-patch/2-posts ho-release/0.2.0; echo '# late' >> app/p_2_posts.py; commit 'Late'
git push -q origin ho-patch/2-posts

### a finished release branch goes on
# refused: HH114
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; commit 'Promote 0.1.1'; git push -q origin ho-prod
git switch -q ho-release/0.1.1; git commit -q --allow-empty -m 'And another thing'
git push -q origin ho-release/0.1.1

### a release branch gets code without a patch
# refused: HH108
git switch -q ho-release/0.2.0; echo '# quick' >> app/p_1_users.py; commit 'Quick fix'
git push -q origin ho-release/0.2.0

### a release branch gets a patch directory that no list names
# refused: HH108
git switch -q ho-release/0.2.0; mkdir Patches/9-ghost; echo 'select 1;' > Patches/9-ghost/01.sql; commit 'Ghost'
git push -q origin ho-release/0.2.0

### bookkeeping brings SQL along
# refused: HH108
candidate 0.2.0 6-new; echo 'select 6;' > Patches/6-new/01.sql; git add -A; git commit -q --amend -m 'Add 6-new'
git push -q origin ho-release/0.2.0

### an integrated patch is withdrawn
# refused: HH108
merge_patch 0.1.1 4-fix; git push -q origin ho-release/0.1.1
withdraw 0.1.1 4-fix
git push -q origin ho-release/0.1.1

### a release branch edits the files of another release
# refused: HH310
git switch -q ho-release/0.2.0; echo 4-fix > releases/0.1.1-candidates.txt; commit 'Take over'
git push -q origin ho-release/0.2.0

### it lowers the version of the tool
# refused: HH210
git switch -q ho-patch/3-tags; printf '[halfORM]\nhop_version = 0.16.0\n' > .hop/config; commit 'Older tool'
git push -q origin ho-patch/3-tags

### an integrated patch without a directory leaves the list, and its code stays
# refused: HH108
git switch -q ho-release/0.1.1; echo 6-x >> releases/0.1.1-candidates.txt; commit 'Add 6-x'
git switch -q -c ho-patch/6-x; echo evil > evil.py; commit 'Code'; push ho-release/0.1.1 ho-patch/6-x; merge_patch 0.1.1 6-x; push ho-release/0.1.1
echo 4-fix > releases/0.1.1-candidates.txt; commit 'Withdraw 6-x'
git push -q origin ho-release/0.1.1

### an integrated patch leaves the list, and its directory stays
# refused: HH108
new_patch 0.1.1 6-x; echo evil > evil.py; commit 'Code'; push ho-patch/6-x; merge_patch 0.1.1 6-x; push ho-release/0.1.1
echo 4-fix > releases/0.1.1-candidates.txt; commit 'Withdraw 6-x'
git push -q origin ho-release/0.1.1

### an integrated patch is withdrawn after its branch moved on
# refused: HH108
merge_patch 0.1.1 4-fix; push ho-release/0.1.1; git switch -q ho-patch/4-fix; git commit -q --allow-empty -m 'More'; push ho-patch/4-fix
withdraw 0.1.1 4-fix
git push -q origin ho-release/0.1.1

### it makes a folder of the notes in releases/
# refused: HH111 HH302
git switch -q ho-patch/3-tags; mkdir releases/README.md; echo 9-ghost > releases/README.md/0.2.0.txt; commit 'Notes'
git push -q origin ho-patch/3-tags

### the version of half_orm_dev goes, and its file stays
# refused: HH210
git switch -q ho-patch/3-tags; echo '[halfORM]' > .hop/config; commit 'No version'
git push -q origin ho-patch/3-tags

### the file of half_orm_dev becomes a link
# refused: HH210
git switch -q ho-patch/3-tags; git rm -q .hop/config; mkdir -p .hop; ln -s ../README.md .hop/config; commit 'A link'
git push -q origin ho-patch/3-tags

### half_orm_dev is no longer used
# accepted
git switch -q ho-patch/3-tags; git rm -q .hop/config; commit 'Another tool'
git push -q origin ho-patch/3-tags
