# What the transport allows: replaced objects, cut histories, aliases on the server.

### a replacement that makes an evil commit look clean
# refused: HH003
git push -q origin "topic:refs/replace/$(git rev-parse ho-prod)"

### a shallow history, into a server that would become shallow
# refused: HH002
git -C ../server.git config receive.shallowUpdate true
git init -q -b import ../other; cd ../other; git commit -q --allow-empty -m One; git commit -q --allow-empty -m Two
git clone -q --depth 1 "file://$PWD" ../shallow; cd ../shallow
git push -q ../server.git import

### anything into a server that is shallow already
# refused: HH002
git rev-parse ho-prod > ../server.git/shallow
git switch -q topic; echo '# more' >> app/topic.py; commit 'More'
git push -q origin topic

### ho-prod through an alias on the server
# refused: HH006
git -C ../server.git symbolic-ref refs/heads/alias refs/heads/ho-prod
git push -q origin topic:refs/heads/alias

### an ordinary branch through an alias on the server
# refused: HH006
git -C ../server.git symbolic-ref refs/heads/alias refs/heads/topic
git push -q origin ho-prod~0:refs/heads/alias --force

### the deletion of an alias, which deletes its target
# refused: HH006
git -C ../server.git symbolic-ref refs/heads/alias refs/heads/ho-prod
git push -q origin :refs/heads/alias

### a release branch that is an alias
# refused: HH006
git -C ../server.git symbolic-ref refs/heads/ho-release/0.3.0 refs/heads/ho-prod
git push -q origin topic:refs/heads/ho-release/0.3.0
