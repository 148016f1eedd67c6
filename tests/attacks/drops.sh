# Merges that claim to join two histories and take only one of them.

### a patch is merged with -s ours, and staged
# refused: HH308
git switch -q ho-release/0.2.0; git merge -q -s ours -m 'Integrate 3-tags' ho-patch/3-tags
move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q origin ho-release/0.2.0

### a patch is staged without any merge
# refused: HH308
git switch -q ho-release/0.2.0
move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q origin ho-release/0.2.0

### a code-only patch is staged without any merge
# refused: HH308
git switch -q ho-release/0.2.0
move_to_stage 0.2.0 5-code; commit 'Stage 5-code'
git push -q origin ho-release/0.2.0

### a patch is staged, and its directory dropped
# refused: HH307 HH308 HH403
merge_patch 0.1.1 4-fix
git rm -q -r Patches/4-fix; move_to_stage 0.1.1 4-fix; commit 'Stage 4-fix'
git push -q origin ho-release/0.1.1

### ho-prod is merged with -s ours: the release of 0.1.1 vanishes from 0.2.0
# refused: HH301 HH403 HH501
integrate 0.1.1 4-fix; promote 0.1.1
git switch -q ho-release/0.2.0; git merge -q -s ours -m 'Merge ho-prod' ho-prod
git push -q origin ho-release/0.2.0

### ho-prod is merged by taking its tree: the staged patch vanishes
# refused: HH403 HH108 HH113
integrate 0.1.1 4-fix; promote 0.1.1
m=$(git commit-tree 'ho-prod^{tree}' -p ho-release/0.2.0 -p ho-prod -m 'Merge ho-prod')
git push -q origin "$m:refs/heads/ho-release/0.2.0"

### a patch branch merges ho-prod with -s ours: what was released vanishes from it
# refused: HH301 HH403 HH501
integrate 0.1.1 4-fix; promote 0.1.1
git switch -q ho-patch/3-tags; git merge -q -s ours -m 'Merge ho-prod' ho-prod
git push -q origin ho-patch/3-tags

### a promotion with -s ours: the list says what the tree does not hold
# refused: HH107 HH307
integrate 0.1.1 4-fix
git switch -q ho-prod; git merge -q -s ours --no-commit ho-release/0.1.1
echo 4-fix > releases/0.1.1.txt; model 0.1.1; commit 'Promote 0.1.1'
git push -q origin ho-prod

### a promotion without one file of code
# refused: HH107
integrate 0.1.1 4-fix; prepare_promotion 0.1.1
git rm -q -f app/p_4_fix.py; commit 'Promote 0.1.1'
git push -q origin ho-prod

### a promotion without the directory of its patch
# refused: HH107 HH307 HH403
integrate 0.1.1 4-fix; prepare_promotion 0.1.1
git rm -q -f -r Patches/4-fix; commit 'Promote 0.1.1'
git push -q origin ho-prod

### a staged id goes, without a word
# refused: HH108 HH403
git switch -q ho-release/0.2.0
: > releases/0.2.0-stage.txt; git rm -q -r Patches/2-posts app/p_2_posts.py; commit 'Forget 2-posts'
git push -q origin ho-release/0.2.0

### an integrated patch without a branch is withdrawn, and its code would stay
# refused: HH108
merge_patch 0.1.1 4-fix; push ho-release/0.1.1; push :ho-patch/4-fix; withdraw 0.1.1 4-fix
git push -q origin ho-release/0.1.1

### a patch is merged without its code, and staged
# refused: HH308
git switch -q ho-release/0.1.1; git merge -q --no-commit --no-ff ho-patch/4-fix; git rm -q -f app/p_4_fix.py; commit 'Integrate 4-fix'
move_to_stage 0.1.1 4-fix; commit 'Stage 4-fix'
git push -q origin ho-release/0.1.1

### a code-only patch, integrated in one release, is staged in another, in one push
# refused: HH308 HH108
new_patch 0.1.1 6-x; echo '# x' > app/x.py; commit 'Code'; push ho-patch/6-x; merge_patch 0.1.1 6-x; push ho-release/0.1.1
withdraw 0.1.1 6-x; candidate 0.2.0 6-x; move_to_stage 0.2.0 6-x; commit 'Stage 6-x'
git push -q --atomic origin ho-release/0.1.1 ho-release/0.2.0

### a code-only patch, integrated in a release that is given up, is staged in another
# refused: HH308 HH108
new_patch 0.1.1 6-x; echo '# x' > app/x.py; commit 'Code'; push ho-patch/6-x; merge_patch 0.1.1 6-x; push ho-release/0.1.1
candidate 0.2.0 6-x; push :ho-release/0.1.1 ho-release/0.2.0; move_to_stage 0.2.0 6-x; commit 'Stage 6-x'
git push -q origin ho-release/0.2.0

### two patches are merged at once, and the change of one is left out
# refused: HH308
new_patch 0.2.0 6-a; new_patch 0.2.0 7-b
git switch -q ho-patch/6-a; echo '# last' >> app/p_1_users.py; commit 'Users'; push ho-patch/6-a
git switch -q ho-patch/7-b; echo '# last' >> app/p_2_posts.py; commit 'Posts'; push ho-patch/7-b
git switch -q ho-release/0.2.0; git merge -q -s ours --no-commit ho-patch/6-a ho-patch/7-b; git checkout -q ho-patch/7-b -- app/p_2_posts.py
commit 'Integrate both'; move_to_stage 0.2.0 6-a; move_to_stage 0.2.0 7-b; commit 'Stage both'
git push -q origin ho-release/0.2.0
