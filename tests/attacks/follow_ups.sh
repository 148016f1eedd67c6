# Tools that do not stop: after a refused push they push the rest. What follows from a refused push is refused too.

refused_promotion() { # 0.1.1, with code that nobody validated; the push is refused
    integrate 0.1.1 4-fix; prepare_promotion 0.1.1; echo '# quick' >> app/p_1_users.py; commit 'Promote 0.1.1'
    git tag -a -m 'Release 0.1.1' v0.1.1; refused git push -q origin ho-prod; }

### the tag of a refused promotion
# refused: HH604
refused_promotion
git push -q origin v0.1.1

### the deletion of the release branch after a refused promotion
# refused: HH105
refused_promotion
git push -q origin :ho-release/0.1.1

### the merge of a refused promotion into another release
# refused: HH108 HH107 HH113
refused_promotion; git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Merge ho-prod' ho-prod
git push -q origin ho-release/0.2.0

### the deletion of the patch branch after a refused integration
# refused: HH106
merge_patch 0.1.1 4-fix; echo '# quick' > app/quick.py; git add -A; git commit -q --amend --no-edit; refused git push -q origin ho-release/0.1.1
git push -q origin :ho-patch/4-fix

### the branch of a candidate whose listing was refused
# refused: HH110 HH402
candidate 0.2.0 4-other; refused git push -q origin ho-release/0.2.0; git branch -q ho-patch/4-other
git push -q origin ho-patch/4-other

### the tag of a refused RC
# refused: HH604
prepare_rc 0.2.0 1; commit 'Cut'; git tag -a -m x v0.2.0-rc1; refused git push -q origin ho-release/0.2.0
git push -q origin v0.2.0-rc1

### one push, not atomic: the legal part does not land either
# refused: HH107 HH604
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; echo '# quick' >> app/p_1_users.py; commit 'Promote 0.1.1'; git tag -a -m x v0.1.1
git push -q origin ho-prod v0.1.1 topic:refs/heads/idea

### a refused promotion, tag and deletion together
# refused: HH107
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; echo '# quick' >> app/p_1_users.py; commit 'Promote 0.1.1'; git tag -a -m x v0.1.1
git push -q origin ho-prod v0.1.1 :ho-release/0.1.1
