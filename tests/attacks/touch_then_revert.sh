# Touch, then revert: the tip looks as before, the history does not. Every commit is judged, not the tips.

undo() { git revert --no-edit HEAD >/dev/null; }

### a production list is edited on a release branch, and restored
# refused: HH301
git switch -q ho-release/0.2.0
echo 9-ghost >> releases/0.1.0.txt; commit 'Edit'; undo
git push -q origin ho-release/0.2.0

### an RC file is edited on a patch branch, and restored
# refused: HH301 HH111
git switch -q ho-patch/3-tags
echo 9-ghost >> releases/0.1.0-rc1.txt; commit 'Edit'; undo
git push -q origin ho-patch/3-tags

### a production list is deleted on ho-prod, and restored
# refused: HH301 HH107
git rm -q releases/0.1.0.txt; commit 'Delete'; undo
git push -q origin ho-prod

### the SQL of a staged patch is edited on its release branch, and restored
# refused: HH403 HH108
git switch -q ho-release/0.2.0
echo 'drop table posts;' >> Patches/2-posts/01_change.sql; commit 'Edit'; undo
git push -q origin ho-release/0.2.0

### a file is added to a staged patch, and removed
# refused: HH403 HH108
git switch -q ho-release/0.2.0
echo 'drop table posts;' > Patches/2-posts/02_more.sql; commit 'Add'; undo
git push -q origin ho-release/0.2.0

### the SQL of a released patch is edited on a patch branch, and restored
# refused: HH403 HH111
git switch -q ho-patch/3-tags
echo 'drop table users;' >> Patches/1-users/01_change.sql; commit 'Edit'; undo
git push -q origin ho-patch/3-tags

### the schema of production is edited on a release branch, and restored
# refused: HH501 HH502
git switch -q ho-release/0.2.0
echo 'create table x ();' >> model/schema-0.1.0.sql; commit 'Edit'; undo
git push -q origin ho-release/0.2.0

### the metadata of production is deleted on a patch branch, and restored
# refused: HH501 HH502 HH111
git switch -q ho-patch/3-tags
git rm -q model/metadata-0.1.0.sql; commit 'Delete'; undo
git push -q origin ho-patch/3-tags

### model/schema.sql points at an old schema, and back
# refused: HH501 HH502 HH503 HH111
git switch -q ho-patch/3-tags
ln -sfn schema-0.0.0.sql model/schema.sql; commit 'Point elsewhere'; undo
git push -q origin ho-patch/3-tags

### a file appears below model/, and goes
# refused: HH502 HH108
git switch -q ho-release/0.2.0
echo x > model/notes.txt; commit 'Add'; undo
git push -q origin ho-release/0.2.0

### a file of another release appears, and goes
# refused: HH310 HH108
git switch -q ho-release/0.2.0
echo 4-fix > releases/0.1.1-stage.txt; commit 'Stage 4-fix elsewhere'; undo
git push -q origin ho-release/0.2.0

### a patch branch writes into another candidate's directory, and cleans up
# refused: HH111
git switch -q ho-patch/4-fix
mkdir -p Patches/3-tags; echo 'drop table tags;' > Patches/3-tags/02_more.sql; commit 'Add'; undo
git push -q origin ho-patch/4-fix

### code is committed on ho-prod, and reverted
# refused: HH107
echo '# quick' >> app/p_1_users.py; commit 'Quick fix'; undo
git push -q origin ho-prod

### the policy is loosened on ho-prod, and restored
# refused: HH107
printf '[halfhooks]\n\tfreePaths = app/**\n' > halfhooks.conf; commit 'Loosen'; undo
git push -q origin ho-prod

### code without a patch is committed on a release branch, and reverted
# refused: HH108
git switch -q ho-release/0.2.0
echo '# quick' >> app/p_1_users.py; commit 'Quick fix'; undo
git push -q origin ho-release/0.2.0

### the edit stands on a side branch that merge -s ours drops
# refused: HH301 HH111
git switch -q -c side ho-patch/3-tags
echo 9-ghost >> releases/0.1.0.txt; commit 'Edit'
git switch -q ho-patch/3-tags; git merge -q -s ours -m 'Drop the side' side
git push -q origin ho-patch/3-tags
