# Laundering: a commit is parked where no rule looks, and used from there.

undo() { git revert --no-edit HEAD >/dev/null; }
park() { # on topic: a production list is edited, and restored
    git switch -q topic; echo 9-ghost >> releases/0.1.0.txt; commit 'Edit'; undo; }

### through an ordinary branch into a patch branch
# refused: HH301 HH111
park; git push -q origin topic
git switch -q ho-patch/3-tags; git merge -q --no-ff -m 'Merge topic' topic
git push -q origin ho-patch/3-tags

### through an ordinary branch that is deleted meanwhile
# refused: HH301 HH111
park; git push -q origin topic
git switch -q ho-patch/3-tags; git merge -q --no-ff -m 'Merge topic' topic; git push -q origin :topic
git push -q origin ho-patch/3-tags

### through an ordinary tag into a release branch
# refused: HH301 HH108
park; git tag parked; git push -q origin parked
git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Merge parked' parked
git push -q origin ho-release/0.2.0

### through an ordinary branch to ho-prod
# refused: HH301 HH107
park; git push -q origin topic
git push -q origin topic:ho-prod

### through an ordinary branch into a new patch branch
# refused: HH301 HH111
park; git push -q origin topic
candidate 0.2.0 6-new; git switch -q -c ho-patch/6-new; git merge -q --no-ff -m 'Merge topic' topic
git push -q origin ho-release/0.2.0 ho-patch/6-new

### in the same push as the branch that it is parked on
# refused: HH301 HH111
park; git switch -q ho-patch/3-tags; git merge -q --no-ff -m 'Merge topic' topic
git push -q origin topic ho-patch/3-tags

### a schema, through an ordinary branch
# refused: HH501 HH502 HH111
git switch -q topic; echo 'create table x ();' >> model/schema-0.1.0.sql; commit 'Edit'; undo; git push -q origin topic
git switch -q ho-patch/3-tags; git merge -q --no-ff -m 'Merge topic' topic
git push -q origin ho-patch/3-tags

### a branch called HEAD
# refused: HH003 HH101 HH102
git push -q origin topic:refs/heads/HEAD

### refs/heads/refs/heads/ho-prod
# refused: HH003 HH101 HH102
git push -q origin topic:refs/heads/refs/heads/ho-prod

### refs/notes
# refused: HH003
git push -q origin topic:refs/notes/commits

### refs/meta/config
# refused: HH003
git push -q origin topic:refs/meta/config

### refs/worktree
# refused: HH003
git push -q origin topic:refs/worktree/x

### refs/stash
# refused: HH003
git push -q origin topic:refs/stash

### the review namespace of another server
# refused: HH003
git push -q origin topic:refs/for/ho-prod

### a namespace of one's own
# refused: HH003
git push -q origin topic:refs/a/ho-prod

### a larger release, inside a patch branch, into a smaller one
# refused: HH111 HH108 HH310
git switch -q ho-prod; start_release 1.0.0; echo 7-y > releases/1.0.0-candidates.txt; commit 'Add 7-y'
git switch -q -c ho-patch/7-y; echo evil > evil.py; commit 'Code'; push ho-release/1.0.0 ho-patch/7-y; merge_patch 1.0.0 7-y; push ho-release/1.0.0
candidate 0.1.1 6-x; git switch -q -c ho-patch/6-x ho-release/1.0.0; push ho-release/0.1.1 ho-patch/6-x
merge_patch 0.1.1 6-x
git push -q origin ho-release/0.1.1

### two patches at one commit of integrated code are withdrawn together, each as if the work were the other's
# refused: HH108
new_patch 0.2.0 6-x; new_patch 0.2.0 7-y; git switch -q ho-patch/6-x; echo x > app/x.py; commit 'Code only'; push ho-patch/6-x
git push -q -f origin ho-patch/6-x:ho-patch/7-y; merge_patch 0.2.0 6-x; push ho-release/0.2.0
withdraw 0.2.0 6-x; withdraw 0.2.0 7-y
git push -q --atomic origin ho-release/0.2.0 :ho-patch/6-x :ho-patch/7-y
