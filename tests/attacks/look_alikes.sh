# Names that people, or other file systems, take for the workflow's own.

smuggle() { # PATH: 3-tags brings this path, and is integrated; nothing is pushed yet
    git switch -q ho-patch/3-tags; mkdir -p "$(dirname "$1")"; echo 9-ghost > "$1"; commit 'Smuggle'; merge_patch 0.2.0 3-tags; }

### a branch in another case
# refused: HH102
git push -q origin topic:refs/heads/Ho-Prod

### a release branch in another case
# refused: HH102
git push -q origin topic:refs/heads/HO-RELEASE/0.3.0

### a branch with a Unicode hyphen
# refused: HH102
git push -q origin topic:refs/heads/ho‐prod

### a branch with an en dash
# refused: HH102
git push -q origin topic:refs/heads/ho–release/0.3.0

### a branch in fullwidth letters
# refused: HH102
git push -q origin topic:refs/heads/ｈｏ-ｐｒｏｄ

### a branch with a Cyrillic o
# refused: HH102
git push -q origin topic:refs/heads/hо-prod

### a patch branch with a Cyrillic a
# refused: HH101 HH102
git push -q origin topic:refs/heads/ho-pаtch/3-tags

### a branch with a zero-width space
# refused: HH101 HH102
git push -q origin "topic:refs/heads/ho-$(printf '\342\200\213')prod"

### a branch with a combining accent
# refused: HH101 HH102
git push -q origin "topic:refs/heads/ho-pro$(printf '\314\201')d"

### a version in fullwidth digits
# refused: HH101 HH102
git push -q origin topic:refs/heads/ho-release/0.３.0

### a version in Arabic digits
# refused: HH101 HH102
git push -q origin topic:refs/heads/ho-release/0.٣.0

### a branch that the workflow does not know
# refused: HH101
git push -q origin topic:refs/heads/ho-production

### ho-release alone, which would block the namespace
# refused: HH101
git push -q origin topic:refs/heads/ho-release

### the archive branches of another tool
# refused: HH101
git push -q origin topic:refs/heads/ho-release/0.3.0/3-tags

### a version with a letter
# refused: HH101 HH102
git push -q origin topic:refs/heads/ho-release/v0.3.0

### a version with a leading zero
# refused: HH101 HH102
git push -q origin topic:refs/heads/ho-release/0.03.0

### a version of two numbers
# refused: HH101
git push -q origin topic:refs/heads/ho-release/0.3

### a tag named like the production branch
# refused: HH102
git push -q origin ho-prod:refs/tags/ho-prod

### a tag named like a release branch
# refused: HH102
git push -q origin ho-prod:refs/tags/ho-release/0.2.0

### a release tag in another case
# refused: HH102
git tag -a -m x V0.1.1 ho-prod
git push -q origin V0.1.1

### a release tag with a fullwidth digit
# refused: HH102 HH602
git tag -a -m x v0.1.１ ho-prod
git push -q origin v0.1.１

### a release tag with a Cyrillic letter
# refused: HH102 HH602
git tag -a -m x v0.1.1-rс1 ho-release/0.1.1
git push -q origin v0.1.1-rс1

### Releases/
# refused: HH302
smuggle Releases/0.2.0.txt
git push -q origin ho-patch/3-tags ho-release/0.2.0

### releases with a trailing space
# refused: HH302
smuggle 'releases /0.2.0.txt'
git push -q origin ho-patch/3-tags ho-release/0.2.0

### releases with a trailing dot
# refused: HH302
smuggle releases./0.2.0.txt
git push -q origin ho-patch/3-tags ho-release/0.2.0

### RELEAS~1, the short name of releases on Windows
# refused: HH302
smuggle RELEAS~1/0.2.0.txt
git push -q origin ho-patch/3-tags ho-release/0.2.0

### releases in fullwidth letters
# refused: HH302
smuggle ｒｅｌｅａｓｅｓ/0.2.0.txt
git push -q origin ho-patch/3-tags ho-release/0.2.0

### releases with a zero-width space
# refused: HH302
smuggle "relea$(printf '\342\200\213')ses/0.2.0.txt"
git push -q origin ho-patch/3-tags ho-release/0.2.0
