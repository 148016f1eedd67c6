# Branches that start at the wrong place or under the wrong name.

### a version is skipped
# refused: HH201
git push -q origin ho-prod:refs/heads/ho-release/0.4.0

### a version that follows no release
# refused: HH201
git push -q origin ho-prod:refs/heads/ho-release/2.0.0

### a version that was released
# refused: HH202 HH309 HH205
git push -q origin ho-prod:refs/heads/ho-release/0.0.0

### a version behind production
# refused: HH201 HH202
git push -q origin ho-prod:refs/heads/ho-release/0.0.1

### a release starts on an ordinary branch
# refused: HH209
git push -q origin topic:refs/heads/ho-release/1.0.0

### a release starts on another release
# refused: HH209
git push -q origin ho-release/0.1.1:refs/heads/ho-release/0.1.2

### a release starts on an older production
# refused: HH209
git push -q origin ho-prod~1:refs/heads/ho-release/1.0.0

### a release starts two commits above ho-prod
# refused: HH209
git switch -q -c ho-release/1.0.0 ho-prod; : > releases/1.0.0-candidates.txt; commit 'Start'; : > releases/1.0.0-stage.txt; commit 'Start, again'
git push -q origin ho-release/1.0.0

### a release starts with code
# refused: HH209
git switch -q -c ho-release/1.0.0 ho-prod; : > releases/1.0.0-candidates.txt; : > releases/1.0.0-stage.txt; echo '# 1' > app/one.py; commit 'Start'
git push -q origin ho-release/1.0.0

### a release starts with a staged patch
# refused: HH209
git switch -q -c ho-release/1.0.0 ho-prod; : > releases/1.0.0-candidates.txt; echo 3-tags > releases/1.0.0-stage.txt; commit 'Start'
git push -q origin ho-release/1.0.0

### a release starts with the files of another
# refused: HH209 HH310
git switch -q -c ho-release/1.0.0 ho-prod; : > releases/0.1.1-candidates.txt; : > releases/0.1.1-stage.txt; commit 'Start'
git push -q origin ho-release/1.0.0

### a smaller release starts while an RC is active
# refused: HH206
git push -q origin :ho-release/0.1.1; cut_rc 0.2.0 1
git push -q origin ho-prod:refs/heads/ho-release/0.1.1

### a patch branch that nobody listed
# refused: HH110
git switch -q -c ho-patch/6-new ho-release/0.2.0; echo '# six' > app/six.py; commit 'Six'
git push -q origin ho-patch/6-new

### a patch branch that starts before its release
# refused: HH109
candidate 0.2.0 6-new; git push -q origin ho-release/0.2.0
git push -q origin "$(git rev-list --max-parents=0 ho-prod):refs/heads/ho-patch/6-new"

### a patch branch without any common history
# refused: HH109
candidate 0.2.0 6-new; git push -q origin ho-release/0.2.0; m=$(git commit-tree 'HEAD^{tree}' -m 'From nothing')
git push -q origin "$m:refs/heads/ho-patch/6-new"

### an old commit of ho-prod as the branch of a hotfix
# refused: HH202 HH205 HH209
integrate 0.1.1 4-fix; promote 0.1.1
git push -q origin v0.1.0^0:refs/heads/ho-release/0.1.0
