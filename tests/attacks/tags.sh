# Tag games.

promoted() { # 0.1.1 is promoted and pushed, without its tag
    integrate 0.1.1 4-fix; prepare_promotion 0.1.1; commit 'Promote 0.1.1'; push ho-prod; }

### a release tag moves
# refused: HH601
git tag -f -a -m moved v0.1.0 topic 2>/dev/null >&2
git push -q origin +v0.1.0

### a release tag moves to a new tag object on the same commit
# refused: HH601
git tag -f -a -m 'other words' v0.1.0 'v0.1.0^{commit}' >/dev/null
git push -q origin +v0.1.0

### a release tag becomes lightweight
# refused: HH601 HH603
git push -q origin '+v0.1.0^{commit}:refs/tags/v0.1.0'

### a release tag is deleted
# refused: HH601
git push -q origin :v0.1.0

### an RC tag is deleted
# refused: HH601
git push -q origin :v0.1.0-rc1

### an RC tag moves
# refused: HH601
git push -q origin +v0.1.0:refs/tags/v0.1.0-rc1

### an abandoned tag is deleted
# refused: HH601
abandon 0.2.0 1
git push -q origin :v0.2.0-abandoned1

### the tag of a release that is not promoted
# refused: HH604
integrate 0.1.1 4-fix; git tag -a -m x v0.1.1 ho-release/0.1.1
git push -q origin v0.1.1

### the tag of a version that nobody started
# refused: HH604
git tag -a -m x v0.9.0 ho-prod
git push -q origin v0.9.0

### the tag stands on the release instead of the promotion
# refused: HH604
promoted; git tag -a -m x v0.1.1 ho-release/0.1.1
git push -q origin v0.1.1

### the tag stands on a later commit of ho-prod
# refused: HH604
promoted; mkdir docs; echo x > docs/x.md; commit 'Document'; push ho-prod; git tag -a -m x v0.1.1
git push -q origin v0.1.1

### the tag stands on an ordinary branch
# refused: HH604
promoted; git tag -a -m x v0.1.1 topic
git push -q origin v0.1.1

### a lightweight release tag
# refused: HH603
promoted; git tag v0.1.1
git push -q origin v0.1.1

### a tag of a tag
# refused: HH004
promoted; git tag -a -m x inner; git tag -a -m x v0.1.1 inner 2>/dev/null
git push -q origin v0.1.1

### a tag of a blob
# refused: HH004
promoted; git tag -a -m x v0.1.1 HEAD:README.md
git push -q origin v0.1.1

### a tag of a tree
# refused: HH004
promoted; git tag -a -m x v0.1.1 'HEAD^{tree}'
git push -q origin v0.1.1

### an RC tag without an RC
# refused: HH604
git tag -a -m x v0.1.1-rc1 ho-release/0.1.1
git push -q origin v0.1.1-rc1

### an RC tag on the commit after the cut
# refused: HH604
integrate 0.1.1 4-fix; prepare_rc 0.1.1 1; commit 'Cut'; git commit -q --allow-empty -m 'After'; push ho-release/0.1.1; git tag -a -m x v0.1.1-rc1
git push -q origin v0.1.1-rc1

### an RC tag on the commit before the cut
# refused: HH604
integrate 0.1.1 4-fix; prepare_rc 0.1.1 1; commit 'Cut'; push ho-release/0.1.1; git tag -a -m x v0.1.1-rc1 HEAD~1
git push -q origin v0.1.1-rc1

### a hotfix tag without a hotfix
# refused: HH604 HH205
git tag -a -m x v0.1.0-hotfix1 ho-prod
git push -q origin v0.1.0-hotfix1

### an abandoned tag that is not on the tip
# refused: HH604
git tag -a -m x v0.2.0-abandoned1 ho-release/0.2.0~1
git push -q origin v0.2.0-abandoned1

### an abandoned tag that skips a number
# refused: HH604
git tag -a -m x v0.2.0-abandoned2 ho-release/0.2.0
git push -q origin v0.2.0-abandoned2

### a tag that begins like a version: two numbers
# refused: HH602
git tag -a -m x v0.1
git push -q origin v0.1

### a tag that begins like a version: a leading zero
# refused: HH602
git tag -a -m x v0.01.0
git push -q origin v0.01.0

### a tag that begins like a version: an unknown suffix
# refused: HH602
git tag -a -m x v0.1.1-beta1
git push -q origin v0.1.1-beta1

### a tag that begins like a version: RC 0
# refused: HH602
git tag -a -m x v0.1.1-rc0
git push -q origin v0.1.1-rc0
