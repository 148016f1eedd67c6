# Patch ids and their numbers: one id in one release in one state, one number for one id.

list() { # VERSION ID: a candidate without its directory
    git switch -q "ho-release/$1"; echo "$2" >> "releases/$1-candidates.txt"; commit "List $2"; }

### a number that another candidate has, with zeros before it
# refused: HH402
candidate 0.2.0 003-other
git push -q origin ho-release/0.2.0

### a number that another release uses
# refused: HH402
candidate 0.2.0 4-other
git push -q origin ho-release/0.2.0

### a number that was released
# refused: HH402
candidate 0.2.0 1-people
git push -q origin ho-release/0.2.0

### one number on two releases, in one push
# refused: HH402
candidate 0.1.1 7-a; candidate 0.2.0 007-b
git push -q origin ho-release/0.1.1 ho-release/0.2.0

### a candidate of another release
# refused: HH304 HH402
list 0.2.0 4-fix
git push -q origin ho-release/0.2.0

### a released patch, once more
# refused: HH304 HH402
list 0.2.0 1-users
git push -q origin ho-release/0.2.0

### a candidate twice
# refused: HH304
list 0.2.0 3-tags
git push -q origin ho-release/0.2.0

### a staged patch as a candidate again
# refused: HH304
list 0.2.0 2-posts
git push -q origin ho-release/0.2.0

### an id without words
# refused: HH303 HH401
candidate 0.2.0 6
git push -q origin ho-release/0.2.0

### an id in capitals
# refused: HH303 HH401
candidate 0.2.0 6-New
git push -q origin ho-release/0.2.0

### an id with an underscore
# refused: HH303 HH401
candidate 0.2.0 6_new
git push -q origin ho-release/0.2.0

### an id with Arabic digits
# refused: HH303 HH401
candidate 0.2.0 ٦-new
git push -q origin ho-release/0.2.0

### an id of 81 characters
# refused: HH303 HH401
candidate 0.2.0 "6-$(printf '%079d' 0)"
git push -q origin ho-release/0.2.0

### an id that leads out of its directory
# refused: HH303 HH401
list 0.2.0 ../../etc
git push -q origin ho-release/0.2.0

### lines that end in CR LF
# refused: HH303
git switch -q ho-release/0.2.0; printf '3-tags\r\n5-code\r\n' > releases/0.2.0-candidates.txt; commit 'Windows'
git push -q origin ho-release/0.2.0

### no line end after the last id
# refused: HH303
git switch -q ho-release/0.2.0; printf '3-tags\n5-code' > releases/0.2.0-candidates.txt; commit 'Unfinished'
git push -q origin ho-release/0.2.0

### a byte order mark
# refused: HH303
git switch -q ho-release/0.2.0; printf '\357\273\2773-tags\n5-code\n' > releases/0.2.0-candidates.txt; commit 'Mark'
git push -q origin ho-release/0.2.0

### bytes that are not UTF-8
# refused: HH303
git switch -q ho-release/0.2.0; printf '# caf\351\n3-tags\n5-code\n' > releases/0.2.0-candidates.txt; commit 'Latin'
git push -q origin ho-release/0.2.0

### the branch of a patch that two releases list, all in one push
# refused: HH110
candidate 0.1.1 6-x; candidate 0.2.0 6-x; git branch -q ho-patch/6-x
git push -q --atomic origin ho-release/0.1.1 ho-release/0.2.0 ho-patch/6-x
