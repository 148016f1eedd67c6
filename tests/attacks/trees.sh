# Trees that git would never write, on a server that does not check them (receive.fsckObjects = false).

git -C ../server.git config receive.fsckObjects false
entry() { # MODE NAME ID: one entry of a raw tree
    printf '%s %s\0' "${1#0}" "$2"; printf %s "$3" | tr a-f A-F | basenc --base16 -d; }
raw() { # [NAME MODE ID]: `git ls-tree` lines become a tree, with a second entry right after NAME if there is one
    while IFS="$(printf ' \t')" read -r mode _ id name; do
        entry "$mode" "$name" "$id"
        if [ "$name" = "${1:-}" ]; then entry "$2" "$name" "$3"; fi
    done | git hash-object -t tree -w --literally --stdin; }
replaced() { # TREE NAME ID: the tree with another object under a name
    git ls-tree "$1" | sed "s/ [0-9a-f]*\(\t$2\)\$/ $3\1/" | git mktree --missing; }
push_tree() { # BRANCH TREE: a commit with this tree, on top of the branch
    git push -q origin "$(git commit-tree "$2" -p "$1" -m 'Plant a tree'):refs/heads/$1"; }
blob() { echo "$1" | git hash-object -w --stdin; }

### two entries for one production list: the first is read, the last is checked out
# refused: HH005
lists=$(git ls-tree ho-patch/3-tags:releases | raw 0.1.0.txt 100644 "$(blob 9-ghost)")
tree=$(replaced ho-patch/3-tags releases "$lists")
push_tree ho-patch/3-tags "$tree"

### two entries for one production list, and a clean tree on top
# refused: HH005
lists=$(git ls-tree ho-patch/3-tags:releases | raw 0.1.0.txt 100644 "$(blob 9-ghost)")
m=$(git commit-tree "$(replaced ho-patch/3-tags releases "$lists")" -p ho-patch/3-tags -m Plant)
m=$(git commit-tree 'ho-patch/3-tags^{tree}' -p "$m" -m Clean)
git push -q origin "$m:refs/heads/ho-patch/3-tags"

### two entries for releases/
# refused: HH005
lists=$(printf '100644 blob %s\t0.1.0.txt\n' "$(blob 9-ghost)" | git mktree)
tree=$(git ls-tree ho-release/0.2.0 | raw releases 40000 "$lists")
push_tree ho-release/0.2.0 "$tree"

### two entries for a released patch
# refused: HH005
evil=$(printf '100644 blob %s\t01_change.sql\n' "$(blob 'drop table users;')" | git mktree)
patches=$(git ls-tree ho-patch/3-tags:Patches | raw 1-users 40000 "$evil")
tree=$(replaced ho-patch/3-tags Patches "$patches")
push_tree ho-patch/3-tags "$tree"

### two entries for a schema, on ho-prod
# refused: HH005
model=$(git ls-tree ho-prod:model | raw schema-0.1.0.sql 100644 "$(blob 'create table x ();')")
tree=$(replaced ho-prod model "$model")
push_tree ho-prod "$tree"

### the entries of the root run backwards
# refused: HH005
tree=$(git ls-tree ho-patch/3-tags | sort -r -k 4 | raw)
push_tree ho-patch/3-tags "$tree"

### a slash in a name: a second releases/0.1.0.txt that is no entry of releases/
# refused: HH005
tree=$({ git ls-tree ho-patch/3-tags; printf '100644 blob %s\treleases/0.1.0.txt\n' "$(blob 9-ghost)"; } | LC_ALL=C sort -k 4 | raw)
push_tree ho-patch/3-tags "$tree"

### .git in a patch
# refused: HH005
evil=$(printf '100644 blob %s\t.git\n' "$(blob 'gitdir: /tmp')" | git mktree)
tree=$(replaced ho-patch/3-tags Patches "$(replaced ho-patch/3-tags:Patches 3-tags "$evil")")
push_tree ho-patch/3-tags "$tree"

### .GIT at the root
# refused: HH005
evil=$(printf '100644 blob %s\tconfig\n' "$(blob '[core] fsmonitor = touch pwned')" | git mktree)
tree=$({ git ls-tree ho-patch/3-tags; printf '040000 tree %s\t.GIT\n' "$evil"; } | git mktree)
push_tree ho-patch/3-tags "$tree"

### git~1, the short name of .git on Windows
# refused: HH005
evil=$(printf '100644 blob %s\tconfig\n' "$(blob '[core] fsmonitor = touch pwned')" | git mktree)
tree=$({ git ls-tree ho-patch/3-tags; printf '040000 tree %s\tgit~1\n' "$evil"; } | git mktree)
push_tree ho-patch/3-tags "$tree"

### .git with an invisible character, as macOS folds it
# refused: HH005
evil=$(printf '100644 blob %s\tconfig\n' "$(blob '[core] fsmonitor = touch pwned')" | git mktree)
tree=$({ git ls-tree ho-patch/3-tags; printf '040000 tree %s\t.g\342\200\214it\n' "$evil"; } | git mktree)
push_tree ho-patch/3-tags "$tree"
