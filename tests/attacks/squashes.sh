# Squash games: a squash holds the patch as its branch left it, and nothing beside.

squash() { # VERSION BRANCH: the squash, not yet committed
    git switch -q "ho-release/$1"; git merge -q --squash "$2" >/dev/null; }

### a squash with a file that the patch did not change
# refused: HH108
squash 0.2.0 ho-patch/3-tags; echo 'import os' > app/backdoor.py; commit '3-tags, squashed'
git push -q origin ho-release/0.2.0

### a squash with other SQL than the patch's
# refused: HH108 HH308
squash 0.2.0 ho-patch/3-tags; echo 'drop table posts;' >> Patches/3-tags/01_change.sql; commit '3-tags, squashed'
git push -q origin ho-release/0.2.0

### a squash with one more SQL file
# refused: HH108 HH308
squash 0.2.0 ho-patch/3-tags; echo 'drop table posts;' > Patches/3-tags/02_more.sql; commit '3-tags, squashed'
git push -q origin ho-release/0.2.0

### a squash that edits a staged patch
# refused: HH403 HH108
squash 0.2.0 ho-patch/3-tags; echo 'drop table posts;' >> Patches/2-posts/01_change.sql; commit '3-tags, squashed'
git push -q origin ho-release/0.2.0

### a squash of the patch before its last commit, staged
# refused: HH108 HH308
squash 0.2.0 ho-patch/3-tags; commit '3-tags, squashed'
git switch -q ho-patch/3-tags; echo '-- more' >> Patches/3-tags/01_change.sql; commit 'More'; git push -q origin ho-patch/3-tags
git switch -q ho-release/0.2.0; move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q origin ho-release/0.2.0

### a squash of an ordinary branch
# refused: HH108
squash 0.2.0 topic; commit 'topic, squashed'
git push -q origin ho-release/0.2.0

### a squash of the patch of another release
# refused: HH108
squash 0.2.0 ho-patch/4-fix; git rm -q -r -f --ignore-unmatch releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; commit '4-fix, squashed'
git push -q origin ho-release/0.2.0

### a squash that stages another candidate too
# refused: HH308
squash 0.2.0 ho-patch/3-tags; move_to_stage 0.2.0 3-tags; move_to_stage 0.2.0 5-code; commit '3-tags, squashed'
git push -q origin ho-release/0.2.0

### a squash of two patches in one commit
# refused: HH108
squash 0.2.0 ho-patch/3-tags; git commit -q -m x; git merge -q --squash ho-patch/5-code >/dev/null; git commit -q -m y; git reset -q --soft HEAD~2; git commit -q -m Both
git push -q origin ho-release/0.2.0

### code after a squash, in a file that the patch changed
# refused: HH108
squash 0.2.0 ho-patch/3-tags; commit '3-tags, squashed'; push ho-release/0.2.0; echo 'import os' > app/p_3_tags.py; commit 'Quick'
git push -q origin ho-release/0.2.0

### code after a squash, in the same push, in a file that the patch changed
# refused: HH108
squash 0.2.0 ho-patch/3-tags; commit '3-tags, squashed'; echo 'import os' > app/p_3_tags.py; commit 'Quick'
git push -q origin ho-release/0.2.0

### a squash with other code than the patch's
# refused: HH108 HH308
squash 0.2.0 ho-patch/3-tags; echo 'import os' > app/p_3_tags.py; commit '3-tags, squashed'
git push -q origin ho-release/0.2.0

### a squashed candidate is withdrawn, and its code would stay
# refused: HH108
squash 0.1.1 ho-patch/4-fix; commit '4-fix, squashed'; push ho-release/0.1.1
withdraw 0.1.1 4-fix
git push -q origin ho-release/0.1.1

### an RC while a squashed candidate is not staged
# refused: HH208
push :ho-release/0.1.1; squash 0.2.0 ho-patch/3-tags; commit '3-tags, squashed'; push ho-release/0.2.0
prepare_rc 0.2.0 1; commit 'Cut 0.2.0-rc1'
git push -q origin ho-release/0.2.0

### a squash, staged later
# accepted
squash 0.2.0 ho-patch/3-tags; commit '3-tags, squashed'; push ho-release/0.2.0
move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q origin ho-release/0.2.0
