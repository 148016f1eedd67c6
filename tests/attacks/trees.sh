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
many() { # a tree of a thousand files, 1000-x to 1999-x, whose raw entries are 34 bytes long
    seq 1000 1999 | sed "s/.*/100644 blob $(blob x)\t&-x/" | git mktree; }
planted() { # TREE PLACE [LESS]: the tree with the input after so many entries of 34 bytes, and so many less after it
    { git cat-file tree "$1" | head -c $((34 * $2)); cat; git cat-file tree "$1" | tail -c +$((34 * ($2 + ${3:-0}) + 1)); } |
        git hash-object -t tree -w --literally --stdin; }
push_after_many() { # TREE [SOUND]: as Patches/, in a commit that follows one in which it is sound and large
    m=$(git commit-tree "$(replaced ho-patch/3-tags Patches "${2:-$(many)}")" -p ho-patch/3-tags -m Grow)
    m=$(git commit-tree "$(replaced ho-patch/3-tags Patches "$1")" -p "$m" -m Plant)
    git push -q origin "$m:refs/heads/ho-patch/3-tags"; }
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

### a large folder, and one of its names once more at its end
# refused: HH005
push_after_many "$(entry 100644 1000-x "$(blob x)" | planted "$(many)" 1000)"

### a large folder, and an entry out of its order in the middle
# refused: HH005
push_after_many "$(entry 100644 1200-y "$(blob x)" | planted "$(many)" 500)"

### a large folder, and a slash in a name in the middle
# refused: HH005
push_after_many "$(entry 100644 1499-x/y "$(blob x)" | planted "$(many)" 500)"

### a large folder, and no mode of ours in the middle
# refused: HH005
push_after_many "$(entry 100600 1499-y "$(blob x)" | planted "$(many)" 500)"

### a large folder, and .git in the middle of it, in place of an entry
# refused: HH005
push_after_many "$(entry 100644 .git "$(blob 'gitdir: /tmp')" | planted "$(many)" 500 1)"

### a large folder, and a file far away from the folder of its name
# refused: HH005
sound=$({ git ls-tree "$(many)" | sed 's/\t/\t1000-/'; printf '040000 tree %s\t1000\n' "$(git mktree < /dev/null)"; } | git mktree)
push_after_many "$(entry 100644 1000 "$(blob x)" | planted "$sound" 0)" "$sound"

### a large folder of a patch, which grows by one file
# accepted
git switch -q ho-patch/3-tags
for n in $(seq 1000 1999); do echo "-- $n" > "Patches/3-tags/${n}_x.sql"; done
git add .; git commit -qm 'A thousand steps'
echo '-- one more' > Patches/3-tags/1500_y.sql; git add .; git commit -qm 'One more'
git push -q origin ho-patch/3-tags
