# Renames away, and back.

undo() { git revert --no-edit HEAD >/dev/null; }

### a production list goes to docs/ and comes back
# refused: HH301
git switch -q ho-release/0.2.0; mkdir docs
git mv releases/0.1.0.txt docs/; commit 'Away'; undo
git push -q origin ho-release/0.2.0

### the whole of releases/ goes and comes back
# refused: HH301
git switch -q ho-patch/3-tags
git mv releases old; commit 'Away'; git mv old releases; commit 'Back'
git push -q origin ho-patch/3-tags

### releases/ becomes Releases/ and comes back
# refused: HH301 HH302
git switch -q ho-patch/3-tags
git mv releases Releases; commit 'Away'; git mv Releases releases; commit 'Back'
git push -q origin ho-patch/3-tags

### a released patch is renamed and comes back
# refused: HH403 HH111
git switch -q ho-patch/3-tags
git mv Patches/1-users Patches/3-tags/old; commit 'Away'; git mv Patches/3-tags/old Patches/1-users; commit 'Back'
git push -q origin ho-patch/3-tags

### a staged patch is renamed
# refused: HH403 HH108
git switch -q ho-release/0.2.0
git mv Patches/2-posts Patches/2-articles; sed -i s/posts/articles/ releases/0.2.0-stage.txt; commit 'Rename'
git push -q origin ho-release/0.2.0

### model/ goes and comes back
# refused: HH501 HH502 HH503
git switch -q ho-release/0.2.0
git mv model old; commit 'Away'; git mv old model; commit 'Back'
git push -q origin ho-release/0.2.0

### a production list takes the name of an RC
# refused: HH301 HH302 HH310
git switch -q ho-release/0.2.0
git mv releases/0.1.0.txt releases/0.1.0-rc2.txt; commit 'Rename'
git push -q origin ho-release/0.2.0

### two production lists exchange their names
# refused: HH301
git switch -q ho-patch/3-tags; cd releases
git mv 0.1.0.txt x; git mv 0.0.0.txt 0.1.0.txt; git mv x 0.0.0.txt; commit 'Exchange'
git push -q origin ho-patch/3-tags
