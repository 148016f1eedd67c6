# A path keeps its name and becomes something else: a link, a submodule, a directory, an executable.

undo() { git revert --no-edit HEAD >/dev/null; }
submodule() { git rm -q -r --cached "$1"; git update-index --add --cacheinfo "160000,$(git rev-parse topic),$1"; git commit -q -m 'A submodule'; git reset -q --hard; }

### releases/ becomes a link, and a directory again
# refused: HH301 HH302
git switch -q ho-patch/3-tags
git mv releases lists; ln -s lists releases; commit 'Link'; git rm -q releases; git mv lists releases; commit 'Back'
git push -q origin ho-patch/3-tags

### Patches/ becomes a link, and a directory again
# refused: HH403 HH409 HH111
git switch -q ho-patch/3-tags
git mv Patches sql; ln -s sql Patches; commit 'Link'; git rm -q Patches; git mv sql Patches; commit 'Back'
git push -q origin ho-patch/3-tags

### a staged patch becomes a link, and a directory again
# refused: HH403 HH409 HH108
git switch -q ho-release/0.2.0
git mv Patches/2-posts posts; ln -s ../posts Patches/2-posts; commit 'Link'; undo
git push -q origin ho-release/0.2.0

### a production list becomes a link to its copy
# refused: HH301
git switch -q ho-patch/3-tags
cp releases/0.1.0.txt list; ln -sf ../list releases/0.1.0.txt; commit 'Link'
git push -q origin ho-patch/3-tags

### a production list becomes a submodule
# refused: HH301
git switch -q ho-patch/3-tags
submodule releases/0.1.0.txt
git push -q origin ho-patch/3-tags

### model/ becomes a submodule
# refused: HH501 HH502 HH503
git switch -q ho-patch/3-tags
submodule model
git push -q origin ho-patch/3-tags

### a production list becomes a directory, and a file again
# refused: HH301
git switch -q ho-patch/3-tags
rm releases/0.1.0.txt; mkdir releases/0.1.0.txt; echo 1-users > releases/0.1.0.txt/list; commit 'Directory'; undo
git push -q origin ho-patch/3-tags

### a production list becomes executable, and ordinary again
# refused: HH301
git switch -q ho-release/0.2.0
chmod +x releases/0.1.0.txt; commit 'Run me'; undo
git push -q origin ho-release/0.2.0

### the SQL of a staged patch becomes executable
# refused: HH403
git switch -q ho-release/0.2.0
chmod +x Patches/2-posts/01_change.sql; commit 'Run me'
git push -q origin ho-release/0.2.0

### the candidates file is executable
# refused: HH303
git switch -q ho-release/0.2.0
chmod +x releases/0.2.0-candidates.txt; commit 'Run me'
git push -q origin ho-release/0.2.0

### the stage file is a link to the candidates
# refused: HH303
git switch -q ho-release/0.1.1
ln -sf 0.1.1-candidates.txt releases/0.1.1-stage.txt; commit 'Link'
git push -q origin ho-release/0.1.1

### model/schema.sql becomes a copy of the schema
# refused: HH503 HH502
git switch -q ho-release/0.2.0
rm model/schema.sql; cp model/schema-0.1.0.sql model/schema.sql; commit 'Copy'
git push -q origin ho-release/0.2.0

### an old schema becomes a link to the newest
# refused: HH501
git switch -q ho-release/0.2.0
ln -sf schema-0.1.0.sql model/schema-0.0.0.sql; commit 'Link'
git push -q origin ho-release/0.2.0

### a patch brings a link out of the repository
# refused: HH409
git switch -q ho-patch/3-tags; ln -s /etc/passwd Patches/3-tags/02_more.sql; commit 'Link'
merge_patch 0.2.0 3-tags; move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q origin ho-patch/3-tags ho-release/0.2.0

### a patch brings an executable
# refused: HH409
git switch -q ho-patch/3-tags; chmod +x Patches/3-tags/01_change.sql; commit 'Run me'
merge_patch 0.2.0 3-tags; move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q origin ho-patch/3-tags ho-release/0.2.0

### a patch brings a submodule
# refused: HH409
git switch -q ho-patch/3-tags; git update-index --add --cacheinfo "160000,$(git rev-parse topic),Patches/3-tags/lib"; git commit -q -m 'A submodule'
merge_patch 0.2.0 3-tags
git push -q origin ho-patch/3-tags ho-release/0.2.0
