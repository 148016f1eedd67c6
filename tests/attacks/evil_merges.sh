# Evil merges: a merge commit that holds what none of its parents holds.

merging() { git merge -q --no-ff --no-commit "$@" 2>/dev/null; }

### the integration of a patch brings a file that is not the patch's
# refused: HH113 HH108
git switch -q ho-release/0.2.0; merging ho-patch/3-tags
echo 'import os' > app/backdoor.py; commit 'Integrate 3-tags'
git push -q origin ho-release/0.2.0

### the integration of a patch changes the patch's code on the way
# refused: HH113 HH308
git switch -q ho-release/0.2.0; merging ho-patch/3-tags
echo 'import os' >> app/p_3_tags.py; commit 'Integrate 3-tags'
git push -q origin ho-release/0.2.0

### the integration of a patch changes its SQL on the way
# refused: HH113 HH308
git switch -q ho-release/0.2.0; merging ho-patch/3-tags
echo 'drop table posts;' >> Patches/3-tags/01_change.sql; move_to_stage 0.2.0 3-tags; commit 'Integrate 3-tags'
git push -q origin ho-release/0.2.0

### the integration of a patch edits a staged one
# refused: HH113 HH403
git switch -q ho-release/0.2.0; merging ho-patch/3-tags
echo 'drop table posts;' >> Patches/2-posts/01_change.sql; commit 'Integrate 3-tags'
git push -q origin ho-release/0.2.0

### the integration of a patch edits a production list
# refused: HH301 HH113
git switch -q ho-release/0.2.0; merging ho-patch/3-tags
echo 9-ghost >> releases/0.1.0.txt; commit 'Integrate 3-tags'
git push -q origin ho-release/0.2.0

### the integration of one patch stages another that is not merged
# refused: HH308
git switch -q ho-release/0.2.0; merging ho-patch/3-tags
move_to_stage 0.2.0 3-tags; move_to_stage 0.2.0 5-code; commit 'Integrate 3-tags, and more'
git push -q origin ho-release/0.2.0

### an octopus integrates two patches and a file of nobody's
# refused: HH113 HH108
git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Integrate two' ho-patch/3-tags ho-patch/5-code >/dev/null
echo 'import os' > app/backdoor.py; git add -A; git commit -q --amend -m 'Integrate two'
git push -q origin ho-release/0.2.0

### a merge of ho-prod brings a file that is not on ho-prod
# refused: HH113 HH108
mkdir docs; echo x > docs/x.md; commit 'Document x'; git push -q origin ho-prod
git switch -q ho-release/0.2.0; merging ho-prod
echo 'import os' > app/backdoor.py; commit 'Merge ho-prod'
git push -q origin ho-release/0.2.0

### a merge of the smaller release brings a file that is in neither
# refused: HH113 HH108
git switch -q ho-release/0.2.0; merging ho-release/0.1.1
echo 'import os' > app/backdoor.py; commit 'Merge 0.1.1'
git push -q origin ho-release/0.2.0

### the resolution of a conflict changes a path that did not conflict
# refused: HH113 HH108
git switch -q ho-patch/5-code; echo '# five' > app/p_3_tags.py; commit 'Five'; git push -q origin ho-patch/5-code
integrate 0.2.0 5-code
merging ho-patch/3-tags || :
printf '# five\n# three\n' > app/p_3_tags.py; echo 'import os' >> app/p_1_users.py; commit 'Integrate 3-tags'
git push -q origin ho-release/0.2.0

### a merge on a patch branch edits a production list
# refused: HH301 HH111
git switch -q ho-patch/3-tags; merging ho-patch/5-code
echo 9-ghost >> releases/0.1.0.txt; commit 'Stack on 5-code'
git push -q origin ho-patch/3-tags

### a promotion brings code that nobody validated
# refused: HH107 HH113
integrate 0.1.1 4-fix; prepare_promotion 0.1.1
echo 'import os' > app/backdoor.py; commit 'Promote 0.1.1'
git push -q origin ho-prod

### one side renames a file and the other edits it: the merge settles that under the new name
# accepted
new_patch 0.2.0 6-move; seq 20 > app/long.py; commit 'Write'; push ho-patch/6-move; integrate 0.2.0 6-move
new_patch 0.2.0 7-rename; new_patch 0.2.0 8-edit
git switch -q ho-patch/7-rename; git mv app/long.py app/short.py; commit 'Rename'; push ho-patch/7-rename; integrate 0.2.0 7-rename
git switch -q ho-patch/8-edit; echo 21 >> app/long.py; commit 'Edit'; push ho-patch/8-edit
merge_patch 0.2.0 8-edit; grep -qx 21 app/short.py
git push -q origin ho-release/0.2.0

### one side renames a file and the other edits it: the merge settles it under a third name
# refused: HH113
new_patch 0.2.0 6-move; seq 20 > app/long.py; commit 'Write'; push ho-patch/6-move; integrate 0.2.0 6-move
new_patch 0.2.0 7-rename; new_patch 0.2.0 8-edit
git switch -q ho-patch/7-rename; git mv app/long.py app/short.py; commit 'Rename'; push ho-patch/7-rename; integrate 0.2.0 7-rename
git switch -q ho-patch/8-edit; echo 21 >> app/long.py; commit 'Edit'; push ho-patch/8-edit
merge_patch 0.2.0 8-edit; git mv app/short.py app/other.py; git commit -q --amend -m 'Integrate 8-edit'
git push -q origin ho-release/0.2.0

### one side deletes a file and the other edits it: the merge rewrites another file that is new
# refused: HH113
new_patch 0.2.0 6-move; seq 20 > app/long.py; commit 'Write'; push ho-patch/6-move; integrate 0.2.0 6-move
new_patch 0.2.0 7-drop; new_patch 0.2.0 8-edit
git switch -q ho-patch/7-drop; git rm -q app/long.py; seq 100 130 > app/fresh.py; commit 'Drop'; push ho-patch/7-drop; integrate 0.2.0 7-drop
git switch -q ho-patch/8-edit; echo 21 >> app/long.py; commit 'Edit'; push ho-patch/8-edit
git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Integrate 8-edit' ho-patch/8-edit || git rm -q -f app/long.py
echo 'import os' >> app/fresh.py; commit 'Integrate 8-edit'
git push -q origin ho-release/0.2.0
