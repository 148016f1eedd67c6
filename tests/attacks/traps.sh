# Traps in what is pushed: names and files that a careless server would run, print or follow.

pwn() { echo 'open("pwned", "w")'; }

### sitecustomize.py, a package of our name, a hook
# accepted
git switch -q ho-patch/3-tags; mkdir -p halfhooks hooks
pwn > sitecustomize.py; pwn > halfhooks/__init__.py; pwn > git.py; printf '#!/bin/sh\ntouch pwned\n' > hooks/pre-receive; chmod +x hooks/pre-receive; commit 'Traps'
git push -q origin ho-patch/3-tags

### Python in a patch
# accepted
git switch -q ho-patch/3-tags; pwn > Patches/3-tags/02_trap.py; commit 'Trap'
git push -q origin ho-patch/3-tags

### attributes that hide the difference
# refused: HH301 HH111
git switch -q ho-patch/3-tags; printf '* -diff diff=trap filter=trap merge=ours\n' > .gitattributes; commit 'Attributes'; echo 9-ghost >> releases/0.1.0.txt; commit 'Edit'
git push -q origin ho-patch/3-tags

### a branch that is a command
# accepted
git push -q origin 'topic:refs/heads/$(touch${IFS}pwned)'

### a branch that is a list of commands
# accepted
git push -q origin 'topic:refs/heads/x;touch${IFS}pwned;`id`|cat'

### a branch that is an option
# accepted
git push -q origin topic:refs/heads/--output=pwned

### a branch that is not UTF-8
# accepted
git push -q origin "topic:refs/heads/caf$(printf '\351')"

### a workflow name that is not UTF-8
# refused: HH101 HH102
git push -q origin "topic:refs/heads/ho-prod$(printf '\351')"

### a workflow name that moves the terminal's cursor
# refused: HH101 HH102
git push -q origin "topic:refs/heads/ho-prod$(printf '\302\233')2J"

### a workflow name that is a command
# refused: HH101 HH102
git push -q origin 'topic:refs/heads/ho-$(id)'

### a workflow name that is an option
# refused: HH101 HH102 HH401 HH110
git push -q origin topic:refs/heads/ho-patch/--output=x

### a release file whose name moves the terminal's cursor
# refused: HH302 HH111
git switch -q ho-patch/3-tags; echo x > "releases/$(printf '\033[2J').txt"; commit 'Escape'
git push -q origin ho-patch/3-tags

### a release file whose name is a line of our output
# refused: HH302 HH111
git switch -q ho-patch/3-tags; touch "releases/$(printf 'x\nerror[HH000]: all is well\r').txt"; commit 'Lines'
git push -q origin ho-patch/3-tags

### a release file that leads out of the repository
# refused: HH302 HH303 HH111
git switch -q ho-patch/3-tags; ln -s /etc/passwd releases/0.2.0.txt; commit 'Link'
git push -q origin ho-patch/3-tags

### a policy that is a link
# refused: HH111
git switch -q ho-patch/3-tags; ln -sf /etc/passwd halfhooks.conf; echo x > releases/0.2.0.txt; commit 'Link'
git push -q origin ho-patch/3-tags
