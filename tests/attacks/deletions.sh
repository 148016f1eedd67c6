# Branches deleted before their work is safe.

### ho-prod
# refused: HH103
git push -q origin :ho-prod

### a release branch with a staged patch
# refused: HH105
git push -q origin :ho-release/0.2.0

### a release branch with an RC
# refused: HH105
integrate 0.1.1 4-fix; cut_rc 0.1.1 1
git push -q origin :ho-release/0.1.1

### a release branch that is the only way to another
# refused: HH105
git switch -q -c ho-release/0.1.2 ho-prod; git push -q origin ho-release/0.1.2
git push -q origin :ho-release/0.1.1

### a release branch whose abandoned tag keeps an older commit
# refused: HH105 HH604
git tag -a -m x v0.2.0-abandoned1 ho-release/0.2.0~1
git push -q --atomic origin v0.2.0-abandoned1 :ho-release/0.2.0

### a release branch that is renamed
# refused: HH105 HH209
git push -q --atomic origin ho-release/0.2.0:refs/heads/ho-release/1.0.0 :ho-release/0.2.0

### an open hotfix with a staged patch
# refused: HH105
hotfix_open 0.1.0 v0.1.0; new_patch 0.1.0 8-urgent; work_on 8-urgent 'select 8;'; integrate 0.1.0 8-urgent
git push -q origin :ho-release/0.1.0

### a patch branch whose work is nowhere else
# refused: HH106
git push -q origin :ho-patch/3-tags

### a patch branch of which only the first commit was merged
# refused: HH106
git switch -q ho-patch/3-tags; echo '-- more' >> Patches/3-tags/01_change.sql; commit 'More'; git push -q origin ho-patch/3-tags
git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Integrate the beginning of 3-tags' ho-patch/3-tags~1; git push -q origin ho-release/0.2.0
git push -q origin :ho-patch/3-tags

### a patch branch whose work is only on an ordinary branch
# refused: HH106
git push -q origin ho-patch/3-tags:refs/heads/keep
git push -q origin :ho-patch/3-tags

### a patch branch together with the release that holds its work, while another release lists it
# refused: HH106 HH105
new_patch 0.1.1 6-x; echo '# x' > app/x.py; commit 'Code'; push ho-patch/6-x; merge_patch 0.1.1 6-x; push ho-release/0.1.1
candidate 0.2.0 6-x
git push -q --atomic origin :ho-release/0.1.1 ho-release/0.2.0 :ho-patch/6-x

### names that a guarded server would not have taken
# accepted
for name in heads/Ho-Prod heads/ho-feature heads/ho-patch/nonsense tags/v0.1 tags/ho-prod; do git -C ../server.git update-ref "refs/$name" ho-prod; done
git push -q origin :refs/heads/Ho-Prod :refs/heads/ho-feature :refs/heads/ho-patch/nonsense :refs/tags/v0.1 :refs/tags/ho-prod

### a name that a guarded server would not have taken moves instead
# refused: HH102
git -C ../server.git update-ref refs/heads/Ho-Prod ho-prod
git push -q origin topic:refs/heads/Ho-Prod
