# RC games: an RC is the stage file under its new name, number by number, of the smallest release.

alone() { # 0.2.0 becomes the smallest release: 0.1.1 goes, for nothing is staged there
    git push -q origin :ho-release/0.1.1; }

### the RC holds other ids than the stage
# refused: HH305
alone; prepare_rc 0.2.0 1; echo 3-tags >> releases/0.2.0-rc1.txt; commit 'Cut'
git push -q origin ho-release/0.2.0

### the RC holds the ids in another order
# refused: HH305
alone; integrate 0.2.0 3-tags; prepare_rc 0.2.0 1; printf '3-tags\n2-posts\n' > releases/0.2.0-rc1.txt; commit 'Cut'
git push -q origin ho-release/0.2.0

### the RC holds one comment more
# refused: HH305
alone; prepare_rc 0.2.0 1; echo '# looks good' >> releases/0.2.0-rc1.txt; commit 'Cut'
git push -q origin ho-release/0.2.0

### the stage keeps its ids after the cut
# refused: HH304 HH305
alone; prepare_rc 0.2.0 1; cp releases/0.2.0-rc1.txt releases/0.2.0-stage.txt; commit 'Cut'
git push -q origin ho-release/0.2.0

### the first RC is number 2
# refused: HH204
alone; prepare_rc 0.2.0 2; commit 'Cut'
git push -q origin ho-release/0.2.0

### RC 3 follows RC 1
# refused: HH204
integrate 0.1.1 4-fix; cut_rc 0.1.1 1; new_patch 0.1.1 6-late; work_on 6-late 'select 6;'; integrate 0.1.1 6-late
prepare_rc 0.1.1 3; commit 'Cut'
git push -q origin ho-release/0.1.1

### RC 1 again, after the release was abandoned and restarted
# refused: HH204
integrate 0.1.1 4-fix; cut_rc 0.1.1 1; abandon 0.1.1 1
start_release 0.1.1; new_patch 0.1.1 6-other; work_on 6-other 'select 6;'; integrate 0.1.1 6-other; prepare_rc 0.1.1 1; commit 'Cut'
git push -q origin ho-release/0.1.1

### number 01
# refused: HH302
alone; git switch -q ho-release/0.2.0; git mv releases/0.2.0-stage.txt releases/0.2.0-rc01.txt; : > releases/0.2.0-stage.txt; commit 'Cut'
git push -q origin ho-release/0.2.0

### an RC of the larger release
# refused: HH203
prepare_rc 0.2.0 1; commit 'Cut'
git push -q origin ho-release/0.2.0

### an RC of an empty stage
# refused: HH211
prepare_rc 0.1.1 1; commit 'Cut'
git push -q origin ho-release/0.1.1

### an RC while an integrated candidate is not staged
# refused: HH208
alone; merge_patch 0.2.0 3-tags; git push -q origin ho-release/0.2.0; prepare_rc 0.2.0 1; commit 'Cut'
git push -q origin ho-release/0.2.0

### an RC of another release
# refused: HH310 HH302 HH108
integrate 0.1.1 4-fix; git mv releases/0.1.1-stage.txt releases/0.2.0-rc1.txt; : > releases/0.1.1-stage.txt; commit 'Cut'
git push -q origin ho-release/0.1.1

### an RC is edited
# refused: HH301
integrate 0.1.1 4-fix; cut_rc 0.1.1 1; echo '# tested by Ann' >> releases/0.1.1-rc1.txt; commit 'Edit'
git push -q origin ho-release/0.1.1

### an RC is taken back
# refused: HH301
integrate 0.1.1 4-fix; cut_rc 0.1.1 1; git mv -f releases/0.1.1-rc1.txt releases/0.1.1-stage.txt; commit 'Back'
git push -q origin ho-release/0.1.1

### a patch branch cuts the RC
# refused: HH111
git switch -q ho-patch/3-tags; git mv releases/0.2.0-stage.txt releases/0.2.0-rc1.txt; commit 'Cut'
git push -q origin ho-patch/3-tags

### a hotfix has no RC
# refused: HH108 HH204 HH205 HH309
hotfix_open 0.1.0 v0.1.0; new_patch 0.1.0 8-urgent; work_on 8-urgent 'select 8;'; integrate 0.1.0 8-urgent; prepare_rc 0.1.0 2; commit 'Cut'
git push -q origin ho-release/0.1.0

### an RC with an integrated patch left out, whose branch has gone
# refused: HH208
merge_patch 0.2.0 3-tags; push ho-release/0.2.0 :ho-patch/3-tags; withdraw 0.2.0 5-code; push :ho-release/0.1.1; prepare_rc 0.2.0 1; commit 'Cut'
git push -q origin ho-release/0.2.0

### an RC without an integrated patch, which is staged right after
# refused: HH208
alone; merge_patch 0.2.0 3-tags; prepare_rc 0.2.0 1; commit 'Cut'; move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q origin ho-release/0.2.0

### an RC while a code-only patch is integrated, whose branch ends in a merge
# refused: HH208
push :ho-release/0.1.1; candidate 0.2.0 6-more; push ho-release/0.2.0
git switch -q ho-patch/5-code; git merge -q --no-ff -m 'Take what is new' ho-release/0.2.0; push ho-patch/5-code; merge_patch 0.2.0 5-code
prepare_rc 0.2.0 1; commit 'Cut 0.2.0-rc1'
git push -q origin ho-release/0.2.0

### an RC while a part of a patch is integrated, which its branch has merged, beside another patch that is staged
# refused: HH208
push :ho-release/0.1.1; new_patch 0.2.0 6-x; git switch -q -c part; echo part > app/part.py; commit 'Part'
git switch -q ho-patch/6-x; git merge -q --no-ff -m 'Merge a part' part; push ho-patch/6-x
git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Integrate a part' part; push ho-release/0.2.0; integrate 0.2.0 3-tags
prepare_rc 0.2.0 1; commit 'Cut 0.2.0-rc1'
git push -q origin ho-release/0.2.0
