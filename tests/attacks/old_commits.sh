# Merges and trees of commits that are no branch's tip, and work that comes from the wrong place.

### a patch branch merges the beginning of the project, and keeps its tree
# refused: HH301 HH403 HH501
root=$(git rev-list --max-parents=0 ho-prod)
m=$(git commit-tree "$root^{tree}" -p ho-patch/3-tags -p "$root" -m 'Merge the beginning')
git push -q origin "$m:refs/heads/ho-patch/3-tags"

### the same, mended by the next commit
# refused: HH301 HH403 HH501
root=$(git rev-list --max-parents=0 ho-prod)
m=$(git commit-tree "$root^{tree}" -p ho-patch/3-tags -p "$root" -m 'Merge the beginning')
m=$(git commit-tree 'ho-patch/3-tags^{tree}' -p "$m" -m 'Mend')
git push -q origin "$m:refs/heads/ho-patch/3-tags"

### a release branch goes back to the tree of production
# refused: HH108 HH403
m=$(git commit-tree 'ho-prod^{tree}' -p ho-release/0.2.0 -m 'Start again')
git push -q origin "$m:refs/heads/ho-release/0.2.0"

### a patch is staged although only its first commit was merged
# refused: HH308
git switch -q ho-patch/3-tags; echo 'create index on tags (name);' > Patches/3-tags/02_index.sql; commit 'Two'; git push -q origin ho-patch/3-tags
git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Integrate 3-tags' ho-patch/3-tags~1
move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q origin ho-release/0.2.0

### a commit that the patch branch gave up is merged
# refused: HH108 HH308
given_up=$(git rev-parse ho-patch/4-fix)
git switch -q ho-patch/4-fix; echo '-- better' >> Patches/4-fix/01_change.sql; git commit -q -a --amend -m Better; git push -q origin +ho-patch/4-fix
git switch -q ho-release/0.1.1; git merge -q --no-ff -m 'Integrate 4-fix' "$given_up"
git push -q origin ho-release/0.1.1

### the larger release is merged into the smaller
# refused: HH108 HH310
git switch -q ho-release/0.1.1; git merge -q --no-ff -m 'Merge 0.2.0' ho-release/0.2.0
git push -q origin ho-release/0.1.1

### a patch of another release is merged
# refused: HH108 HH310
git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
git push -q origin ho-release/0.2.0

### a withdrawn patch is merged
# refused: HH108
withdraw 0.1.1 4-fix; git push -q origin ho-release/0.1.1
git merge -q --no-ff -m 'Integrate 4-fix all the same' ho-patch/4-fix
git push -q origin ho-release/0.1.1

### an ordinary branch is merged into a release
# refused: HH108
git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Merge topic' topic
git push -q origin ho-release/0.2.0

### ho-prod moves to an ordinary branch
# refused: HH107
git push -q origin topic:ho-prod

### two commits of a patch are picked one by one
# refused: HH108 HH308
git switch -q ho-patch/3-tags; echo 'create index on tags (name);' > Patches/3-tags/02_index.sql; commit 'Two'; git push -q origin ho-patch/3-tags
git switch -q ho-release/0.2.0; git commit -q --allow-empty -m 'Elsewhere'
git cherry-pick ho-patch/3-tags~1 ho-patch/3-tags >/dev/null
git push -q origin ho-release/0.2.0
