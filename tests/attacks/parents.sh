# A promotion is one merge commit with the parents production and release, in this order. The tree alone does not make it one.

ready() { # the tree of the promotion of 0.1.1, as it should be
    integrate 0.1.1 4-fix; prepare_promotion 0.1.1; git write-tree; git merge --abort; git reset -q --hard; }

### the parents are swapped
# refused: HH107
tree=$(ready)
m=$(git commit-tree "$tree" -p ho-release/0.1.1 -p ho-prod -m 'Promote 0.1.1')
git push -q origin "$m:refs/heads/ho-prod"

### no merge at all: the release branch goes on as ho-prod
# refused: HH107
tree=$(ready)
m=$(git commit-tree "$tree" -p ho-release/0.1.1 -m 'Promote 0.1.1')
git push -q origin "$m:refs/heads/ho-prod"

### a squash: the release is no parent
# refused: HH107
tree=$(ready)
m=$(git commit-tree "$tree" -p ho-prod -m 'Promote 0.1.1')
git push -q origin "$m:refs/heads/ho-prod"

### a third parent from outside the workflow
# refused: HH107
tree=$(ready)
m=$(git commit-tree "$tree" -p ho-prod -p ho-release/0.1.1 -p topic -m 'Promote 0.1.1')
git push -q origin "$m:refs/heads/ho-prod"

### the first parent is an older production
# refused: HH107
tree=$(ready)
m=$(git commit-tree "$tree" -p ho-prod~1 -p ho-release/0.1.1 -m 'Promote 0.1.1')
git push -q origin "$m:refs/heads/ho-prod"

### the second parent is not the tip of the release
# refused: HH107 HH306
new_patch 0.1.1 6-late; work_on 6-late 'select 6;'; tree=$(ready)
integrate 0.1.1 6-late
m=$(git commit-tree "$tree" -p ho-prod -p ho-release/0.1.1~2 -m 'Promote 0.1.1')
git push -q origin "$m:refs/heads/ho-prod"

### the second parent is a commit that the release branch never held
# refused: HH107
integrate 0.1.1 4-fix; echo '# unseen' >> app/p_4_fix.py; commit 'Unseen'
prepare_promotion 0.1.1; commit 'Promote 0.1.1'
git push -q origin ho-prod

### ho-prod moves to the tip of the release, without any bookkeeping
# refused: HH107
integrate 0.1.1 4-fix
git push -q origin ho-release/0.1.1:ho-prod

### a hotfix with swapped parents
# refused: HH107
hotfix_open 0.1.0 v0.1.0; new_patch 0.1.0 8-urgent; work_on 8-urgent 'select 8;'; integrate 0.1.0 8-urgent
prepare_hotfix 0.1.0 1; tree=$(git write-tree)
m=$(git commit-tree "$tree" -p ho-release/0.1.0 -p ho-prod -m 'Promote 0.1.0-hotfix1')
git push -q origin "$m:refs/heads/ho-prod"
