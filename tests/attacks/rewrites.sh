# Force pushes.

### the last commit of ho-prod is amended
# refused: HH104
git commit -q --amend -m 'Better words'
git push -q origin +ho-prod

### ho-prod goes back
# refused: HH104
git push -q origin +ho-prod~1:ho-prod

### ho-prod becomes an unrelated history
# refused: HH104 HH109
m=$(git commit-tree 'ho-prod^{tree}' -m 'Start afresh')
git push -q origin "+$m:refs/heads/ho-prod"

### a release branch goes back, and a staged patch with it
# refused: HH104
git push -q origin +ho-release/0.2.0~3:ho-release/0.2.0

### a release branch is rebased
# refused: HH104
mkdir docs; echo x > docs/x.md; commit 'Document'; git push -q origin ho-prod
git switch -q ho-release/0.1.1; git rebase -q ho-prod
git push -q origin +ho-release/0.1.1

### a release branch becomes ho-prod
# refused: HH104
git push -q origin +ho-prod:ho-release/0.2.0

### an unrelated history is merged into a release branch
# refused: HH109 HH108
m=$(git commit-tree "$(git mktree </dev/null)" -m 'Another project')
git switch -q ho-release/0.2.0; git merge -q --no-ff --allow-unrelated-histories -m 'Join' "$m"
git push -q origin ho-release/0.2.0

### a patch branch becomes an unrelated history
# refused: HH109
m=$(git commit-tree 'ho-patch/3-tags^{tree}' -m 'Start afresh')
git push -q origin "+$m:refs/heads/ho-patch/3-tags"
