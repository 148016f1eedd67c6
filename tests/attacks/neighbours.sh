# Legal neighbours: what looks like an attack and is ordinary work. To refuse it is a failure too.

### ho-prod is merged into an older release
# accepted
integrate 0.1.1 4-fix; promote 0.1.1
git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Merge ho-prod' ho-prod
git push -q origin ho-release/0.2.0

### ho-prod is merged into a patch branch
# accepted
integrate 0.1.1 4-fix; promote 0.1.1
git switch -q ho-patch/3-tags; git merge -q --no-ff -m 'Merge ho-prod' ho-prod
git push -q origin ho-patch/3-tags

### a patch branch that has not seen the newest production keeps its old view
# accepted
integrate 0.1.1 4-fix; promote 0.1.1
git switch -q ho-patch/3-tags; echo '-- more' >> Patches/3-tags/01_change.sql; commit 'More'
git push -q origin ho-patch/3-tags

### the smaller release is merged into the larger
# accepted
git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Merge 0.1.1' ho-release/0.1.1
git push -q origin ho-release/0.2.0

### the release is merged into its patch branch
# accepted
integrate 0.2.0 5-code
git switch -q ho-patch/3-tags; git merge -q --no-ff -m 'Merge 0.2.0' ho-release/0.2.0
git push -q origin ho-patch/3-tags

### a patch branch is rebased on its release
# accepted
integrate 0.2.0 5-code
git switch -q ho-patch/3-tags; git rebase -q ho-release/0.2.0
git push -q origin +ho-patch/3-tags

### a rebased patch is integrated
# accepted
integrate 0.2.0 5-code; git switch -q ho-patch/3-tags; git rebase -q ho-release/0.2.0; git push -q origin +ho-patch/3-tags
merge_patch 0.2.0 3-tags; move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q --atomic origin ho-release/0.2.0 :ho-patch/3-tags

### code of a patch is reverted on its branch
# accepted
git switch -q ho-patch/3-tags; git revert --no-edit HEAD >/dev/null
git push -q origin ho-patch/3-tags

### a patch reverts code of an earlier release
# accepted
git switch -q ho-patch/3-tags; git rm -q app/p_1_users.py; commit 'The code of 1-users goes'
merge_patch 0.2.0 3-tags; move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q origin ho-patch/3-tags ho-release/0.2.0

### a code-only patch is integrated and staged in the merge itself
# accepted
git switch -q ho-release/0.2.0; git merge -q --no-ff --no-commit ho-patch/5-code 2>/dev/null; move_to_stage 0.2.0 5-code; commit 'Integrate and stage 5-code'
git push -q origin ho-release/0.2.0

### a patch is squashed and staged in one commit
# accepted
git switch -q ho-release/0.2.0; git merge -q --squash ho-patch/3-tags >/dev/null; move_to_stage 0.2.0 3-tags; commit '3-tags, squashed and staged'
git push -q origin ho-release/0.2.0

### a squashed patch is staged later, and its branch deleted
# accepted
git switch -q ho-release/0.2.0; git merge -q --squash ho-patch/3-tags >/dev/null; commit '3-tags, squashed'; git push -q origin ho-release/0.2.0
move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q --atomic origin ho-release/0.2.0 :ho-patch/3-tags

### a patch enters by fast-forward
# accepted
git switch -q ho-release/0.1.1; git merge -q --ff-only ho-patch/4-fix
git push -q origin ho-release/0.1.1

### a candidate is withdrawn after another entered by fast-forward
# accepted
new_patch 0.1.1 6-idea; git switch -q ho-patch/4-fix; git merge -q --no-ff -m 'Merge 0.1.1' ho-release/0.1.1; push ho-patch/4-fix
git switch -q ho-release/0.1.1; git merge -q --ff-only ho-patch/4-fix; push ho-release/0.1.1; withdraw 0.1.1 6-idea
git push -q origin ho-release/0.1.1

### a branch from the fork, without the README of its listing, is integrated, then staged
# accepted
candidate 0.1.1 6-late; push ho-release/0.1.1; git switch -q -c ho-patch/6-late v0.1.0; mkdir Patches/6-late; change 6-late 'select 6;'; push ho-patch/6-late
merge_patch 0.1.1 6-late; push ho-release/0.1.1; move_to_stage 0.1.1 6-late; commit 'Stage 6-late'
git push -q origin ho-release/0.1.1

### a branch from the fork, without the README of its listing, is squashed, then staged
# accepted
candidate 0.1.1 6-late; push ho-release/0.1.1; git switch -q -c ho-patch/6-late v0.1.0; mkdir Patches/6-late; change 6-late 'select 6;'; push ho-patch/6-late
git switch -q ho-release/0.1.1; git merge -q --squash ho-patch/6-late >/dev/null; commit '6-late, squashed'; push ho-release/0.1.1
move_to_stage 0.1.1 6-late; commit 'Stage 6-late'
git push -q origin ho-release/0.1.1

### a squash settles a file that the release changed too
# accepted
git switch -q ho-patch/3-tags; echo '# tags' >> app/p_1_users.py; commit 'Tags of users'; push ho-patch/3-tags
git switch -q ho-patch/5-code; echo '# code' >> app/p_1_users.py; commit 'Code of users'; push ho-patch/5-code; integrate 0.2.0 5-code
git merge -q --squash ho-patch/3-tags >/dev/null 2>&1 || printf '# code of 1-users\n# code\n# tags\n' > app/p_1_users.py
commit '3-tags, squashed'; move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q origin ho-release/0.2.0

### a squash settles a file that the release changed too, after both merged ho-prod
# accepted
git switch -q ho-patch/3-tags; echo '# tags' >> app/p_1_users.py; commit 'Tags of users'; push ho-patch/3-tags
git switch -q ho-patch/5-code; echo '# code' >> app/p_1_users.py; commit 'Code of users'; push ho-patch/5-code; integrate 0.2.0 5-code
git switch -q ho-prod; mkdir docs; echo x > docs/x.md; commit 'Document'; push ho-prod; sync_release 0.2.0
git switch -q ho-patch/3-tags; git merge -q --no-ff -m 'Merge ho-prod' ho-prod; push ho-patch/3-tags; git switch -q ho-release/0.2.0
git merge -q --squash ho-patch/3-tags >/dev/null 2>&1 || printf '# code of 1-users\n# code\n# tags\n' > app/p_1_users.py
commit '3-tags, squashed'; move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q origin ho-release/0.2.0

### a single commit is picked, which is a squash
# accepted
git switch -q ho-release/0.2.0; git cherry-pick ho-patch/3-tags >/dev/null
git push -q origin ho-release/0.2.0

### two patches are integrated by one octopus
# accepted
git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Integrate two' ho-patch/3-tags ho-patch/5-code >/dev/null
git push -q origin ho-release/0.2.0

### an octopus of two patches that changed different ends of one file
# accepted
git switch -q ho-patch/5-code; seq 20 > app/list.txt; commit 'A list'; push ho-patch/5-code; integrate 0.2.0 5-code
new_patch 0.2.0 6-top; sed -i 's/^1$/one/' app/list.txt; commit 'Top'; push ho-patch/6-top
git switch -q ho-patch/3-tags; git merge -q --no-ff -m 'Merge 0.2.0' ho-release/0.2.0; sed -i 's/^20$/twenty/' app/list.txt; commit 'Bottom'; push ho-patch/3-tags
git switch -q ho-release/0.2.0; git merge -q --no-ff -m 'Integrate two' ho-patch/3-tags ho-patch/6-top >/dev/null
git push -q origin ho-release/0.2.0

### a patch is stacked on another, and both enter by one merge
# accepted
git switch -q ho-patch/3-tags; git merge -q --no-ff -m 'Stack on 5-code' ho-patch/5-code; echo '# tags' >> app/code.py; commit 'Use it'; git push -q origin ho-patch/3-tags
merge_patch 0.2.0 3-tags; move_to_stage 0.2.0 5-code; move_to_stage 0.2.0 3-tags; commit 'Stage both'
git push -q origin ho-release/0.2.0

### a conflict of two patches is resolved in the merge
# accepted
git switch -q ho-patch/5-code; echo '# five' > app/p_3_tags.py; commit 'Five'; git push -q origin ho-patch/5-code
integrate 0.2.0 5-code
git merge -q --no-ff --no-commit ho-patch/3-tags >/dev/null 2>&1 || :
printf '# five\n# three\n' > app/p_3_tags.py; commit 'Integrate 3-tags'
git push -q origin ho-release/0.2.0

### a merge on a patch branch changes its own directory
# accepted
git switch -q ho-patch/3-tags; git merge -q --no-ff --no-commit ho-patch/5-code 2>/dev/null; echo '-- with 5-code' >> Patches/3-tags/01_change.sql; commit 'Stack on 5-code'
git push -q origin ho-patch/3-tags

### a patch branch is pushed together with its integration
# accepted
git switch -q ho-patch/3-tags; echo '-- last words' >> Patches/3-tags/01_change.sql; commit 'Last words'
merge_patch 0.2.0 3-tags; move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'
git push -q origin ho-patch/3-tags ho-release/0.2.0

### the candidates change their order
# accepted
git switch -q ho-release/0.2.0; printf '# by importance\n5-code\n\n3-tags\n' > releases/0.2.0-candidates.txt; commit 'Reorder'
git push -q origin ho-release/0.2.0

### the stage changes its order
# accepted
integrate 0.2.0 3-tags; printf '3-tags\n2-posts\n' > releases/0.2.0-stage.txt; commit 'Reorder'
git push -q origin ho-release/0.2.0

### an empty commit on a release branch
# accepted
git switch -q ho-release/0.2.0; git commit -q --allow-empty -m 'Start the build'
git push -q origin ho-release/0.2.0

### a free path on ho-prod
# accepted
mkdir docs; echo x > docs/x.md; echo 'More.' >> README.md; commit 'Document'
git push -q origin ho-prod

### a free path on a release branch
# accepted
git switch -q ho-release/0.2.0; mkdir docs; echo x > docs/x.md; commit 'Document'
git push -q origin ho-release/0.2.0

### the notes that belong to releases/ and Patches/
# accepted
git switch -q ho-patch/3-tags; echo 'Lists' > releases/README.md; echo 'More' >> Patches/README.md; commit 'Explain'
git push -q origin ho-patch/3-tags

### a candidate is withdrawn, and its branch deleted in the same push
# accepted
withdraw 0.1.1 4-fix
git push -q --atomic origin ho-release/0.1.1 :ho-patch/4-fix

### a withdrawn candidate comes back, and its branch goes on
# accepted
withdraw 0.1.1 4-fix; git push -q origin ho-release/0.1.1; candidate 0.1.1 4-fix; git push -q origin ho-release/0.1.1
git switch -q ho-patch/4-fix; echo '-- again' >> Patches/4-fix/01_change.sql; commit 'Again'
git push -q origin ho-patch/4-fix

### a new candidate and its branch in one push
# accepted
candidate 0.2.0 6-new; git switch -q -c ho-patch/6-new; echo 'select 6;' > Patches/6-new/01.sql; commit 'Implement 6-new'
git push -q origin ho-release/0.2.0 ho-patch/6-new

### a candidate moves to another release, its branch with it
# accepted
new_patch 0.1.1 6-move; withdraw 0.1.1 6-move; candidate 0.2.0 6-move; git branch -q -f ho-patch/6-move
git push -q --atomic origin ho-release/0.1.1 ho-release/0.2.0 +ho-patch/6-move

### a late RC: what was staged after the first
# accepted
integrate 0.1.1 4-fix; cut_rc 0.1.1 1; new_patch 0.1.1 6-late; work_on 6-late 'select 6;'; integrate 0.1.1 6-late
prepare_rc 0.1.1 2; commit 'Cut'; git tag -a -m x v0.1.1-rc2
git push -q --atomic origin ho-release/0.1.1 v0.1.1-rc2

### an RC while a candidate is not integrated yet
# accepted
new_patch 0.1.1 6-late; integrate 0.1.1 4-fix; prepare_rc 0.1.1 1; commit 'Cut'
git push -q origin ho-release/0.1.1

### the tag of an RC, one push later, when the branch has moved on
# accepted
integrate 0.1.1 4-fix; prepare_rc 0.1.1 1; commit 'Cut'; git tag -a -m x v0.1.1-rc1; push ho-release/0.1.1; new_patch 0.1.1 6-late
git push -q origin v0.1.1-rc1

### the tag of a promotion, one push later
# accepted
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; commit 'Promote 0.1.1'; git tag -a -m x v0.1.1; push ho-prod
git push -q origin v0.1.1

### the tag of a promotion, after ho-prod has moved on
# accepted
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; commit 'Promote 0.1.1'; git tag -a -m x v0.1.1; push ho-prod; mkdir docs; echo x > docs/x.md; commit 'Document'; push ho-prod
git push -q origin v0.1.1

### the deletion of a release branch, one push after its promotion
# accepted
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; commit 'Promote 0.1.1'; push ho-prod
git push -q origin :ho-release/0.1.1

### a promotion without RC
# accepted
integrate 0.1.1 4-fix; prepare_promotion 0.1.1; commit 'Promote 0.1.1'; git tag -a -m x v0.1.1
git push -q --atomic origin ho-prod v0.1.1 :ho-release/0.1.1

### a promotion with its bookkeeping in the commit after the merge
# accepted
integrate 0.1.1 4-fix; git switch -q ho-prod; git merge -q --no-ff -m 'Merge 0.1.1' ho-release/0.1.1
git mv releases/0.1.1-stage.txt releases/0.1.1.txt; git rm -q releases/0.1.1-candidates.txt; model 0.1.1; commit 'Promote 0.1.1'; git tag -a -m x v0.1.1
git push -q --atomic origin ho-prod v0.1.1 :ho-release/0.1.1

### a promotion after an RC and more: the list is RC and stage, in order
# accepted
integrate 0.1.1 4-fix; cut_rc 0.1.1 1; new_patch 0.1.1 6-late; work_on 6-late 'select 6;'; integrate 0.1.1 6-late
prepare_promotion 0.1.1; commit 'Promote 0.1.1'
git push -q origin ho-prod

### a release branch at the tip of ho-prod, as a host's button makes it
# accepted
git push -q origin ho-prod:refs/heads/ho-release/1.0.0

### a release after a release in preparation
# accepted
git push -q origin ho-prod:refs/heads/ho-release/0.3.0

### a release without staged patches is given up
# accepted
git push -q origin :ho-release/0.1.1

### a release is abandoned
# accepted
git tag -a -m x v0.2.0-abandoned1 ho-release/0.2.0
git push -q --atomic origin v0.2.0-abandoned1 :ho-release/0.2.0

### an abandoned release starts again, with one of its patches
# accepted
abandon 0.2.0 1; start_release 0.2.0
candidate 0.2.0 3-tags; git switch -q -C ho-patch/3-tags; echo 'create table tags ();' > Patches/3-tags/01_change.sql; commit 'Implement 3-tags'
git push -q origin ho-release/0.2.0 +ho-patch/3-tags

### RC numbers go on after an abandoned RC
# accepted
integrate 0.1.1 4-fix; cut_rc 0.1.1 1; abandon 0.1.1 1; start_release 0.1.1
new_patch 0.1.1 6-other; work_on 6-other 'select 6;'; integrate 0.1.1 6-other; prepare_rc 0.1.1 2; commit 'Cut'; git tag -a -m x v0.1.1-rc2
git push -q --atomic origin ho-release/0.1.1 v0.1.1-rc2

### an RC of the smallest release while a hotfix is open
# accepted
integrate 0.1.1 4-fix; hotfix_open 0.1.0 v0.1.0; prepare_rc 0.1.1 1; commit 'Cut'
git push -q origin ho-release/0.1.1

### a hotfix while a release has an RC
# accepted
integrate 0.1.1 4-fix; cut_rc 0.1.1 1; hotfix_open 0.1.0 v0.1.0; new_patch 0.1.0 8-urgent; work_on 8-urgent 'select 8;'; integrate 0.1.0 8-urgent
prepare_hotfix 0.1.0 1; commit 'Promote 0.1.0-hotfix1'; git tag -a -m x v0.1.0-hotfix1
git push -q --atomic origin ho-prod v0.1.0-hotfix1 :ho-release/0.1.0

### a second hotfix, from the tag of the first
# accepted
hotfix_open 0.1.0 v0.1.0; new_patch 0.1.0 8-urgent; work_on 8-urgent 'select 8;'; integrate 0.1.0 8-urgent; promote_hotfix 0.1.0 1
hotfix_open 0.1.0 v0.1.0-hotfix1; new_patch 0.1.0 9-again; work_on 9-again 'select 9;'; integrate 0.1.0 9-again; prepare_hotfix 0.1.0 2; commit 'Promote 0.1.0-hotfix2'
git push -q origin ho-prod

### an ordinary branch is rewritten
# accepted
git switch -q topic; git commit -q --amend -m 'Other words'
git push -q origin +topic

### an ordinary branch and an ordinary tag are deleted
# accepted
git push -q origin :topic :demo-2026

### an ordinary tag moves, and is lightweight
# accepted
git push -q origin +topic:refs/tags/demo-2026

### an ordinary branch may even touch releases/
# accepted
git switch -q topic; echo 9-ghost >> releases/0.1.0.txt; commit 'An experiment'
git push -q origin topic

### names near the workflow's that are not its own
# accepted
git push -q origin topic:refs/heads/prod topic:refs/heads/release/0.3.0 topic:refs/heads/hotel topic:refs/tags/version-1 topic:refs/heads/docs/ho-prod

### an unknown ho- branch from before the hook is deleted
# accepted
git -C ../server.git branch ho-old topic
git push -q origin :ho-old

### a push from a shallow clone
# accepted
git clone -q --depth 1 -b topic "file://$(cd .. && pwd)/server.git" ../shallow; cd ../shallow; echo '# more' >> app/topic.py; commit 'More'
git push -q origin topic

### a namespace that the administrator allows
# accepted
git -C ../server.git config halfhooks.allowNamespaces refs/notes
git push -q origin topic:refs/notes/commits

### a shared number where the administrator allows it
# accepted
git -C ../server.git config halfhooks.uniqueNumbers false
candidate 0.2.0 4-other
git push -q origin ho-release/0.2.0

### a rule that the administrator only evaluates
# accepted
git -C ../server.git config halfhooks.warn HH107
echo '# quick' >> app/p_1_users.py; commit 'Quick fix'
git push -q origin ho-prod

### a policy counts from its promotion on
# accepted
git switch -q ho-patch/4-fix; printf '[halfhooks]\n\tfreePaths = app/**\n' > halfhooks.conf; commit 'Free the code'; push ho-patch/4-fix
integrate 0.1.1 4-fix; promote 0.1.1; echo '# quick' >> app/p_1_users.py; commit 'Quick fix'
git push -q origin ho-prod

### an unknown key in the policy of a patch branch is only work in progress
# accepted
git switch -q ho-patch/3-tags; printf '[halfhooks]\n\tfreePath = docs/**\n' > halfhooks.conf; commit 'Misspell'
git push -q origin ho-patch/3-tags

### a clock on ho-prod was wrong
# accepted
echo x >> README.md; git add -A; GIT_COMMITTER_DATE=2020-01-01T00:00:00Z git commit -q -m 'Wrong clock'; push ho-prod
candidate 0.1.1 6-x; push ho-release/0.1.1; git switch -q ho-patch/4-fix; git commit -q --allow-empty -m 'Go on'
git push -q origin ho-patch/4-fix

### a patch branch from ho-prod, whose README came with its listing, below another one
# accepted
candidate 0.1.1 6-x; push ho-release/0.1.1; git switch -q -c ho-patch/6-x ho-prod
mkdir -p Patches/6-x; echo 'select 1;' > Patches/6-x/01.sql; commit 'Work'; push ho-patch/6-x
new_patch 0.1.1 8-b; git merge -q --no-ff -m 'Stack on 6-x' ho-patch/6-x
git push -q origin ho-patch/8-b

### a patch whose branch holds nothing but a merge of ho-prod is withdrawn
# accepted
echo x >> README.md; git add -A; git commit -q -m 'Document'; push ho-prod
new_patch 0.1.1 6-x; git merge -q --no-ff -m 'Merge ho-prod' ho-prod; push ho-patch/6-x; sync_release 0.1.1
withdraw 0.1.1 6-x
git push -q --atomic origin ho-release/0.1.1 :ho-patch/6-x

### a patch that was stacked on an integrated one, and added nothing, is withdrawn
# accepted
new_patch 0.2.0 6-x; git merge -q --no-ff -m 'Stack on 3-tags' ho-patch/3-tags; push ho-patch/6-x; merge_patch 0.2.0 3-tags
push ho-release/0.2.0; withdraw 0.2.0 6-x
git push -q --atomic origin ho-release/0.2.0 :ho-patch/6-x

### two patches that changed the same file are merged at once, and staged
# accepted
new_patch 0.2.0 6-a; new_patch 0.2.0 7-b
git switch -q ho-patch/6-a; sed -i '1i # first' app/p_1_users.py; commit 'Above'; push ho-patch/6-a
git switch -q ho-patch/7-b; echo '# last' >> app/p_1_users.py; commit 'Below'; push ho-patch/7-b
git switch -q ho-release/0.2.0; both=$(printf '# first\n'; git show HEAD:app/p_1_users.py; echo '# last')
git merge -q -s ours --no-commit ho-patch/6-a ho-patch/7-b; git checkout -q ho-patch/6-a -- Patches/6-a; git checkout -q ho-patch/7-b -- Patches/7-b
echo "$both" > app/p_1_users.py; commit 'Integrate both'; move_to_stage 0.2.0 6-a; move_to_stage 0.2.0 7-b; commit 'Stage both'
git push -q origin ho-release/0.2.0

### a patch that was stacked on one whose branch has gone, and added nothing, is withdrawn
# accepted
new_patch 0.2.0 6-x; git merge -q --no-ff -m 'Stack on 3-tags' ho-patch/3-tags; push ho-patch/6-x; integrate 0.2.0 3-tags
withdraw 0.2.0 6-x
git push -q --atomic origin ho-release/0.2.0 :ho-patch/6-x

### an RC while a patch was stacked on one that is staged, whose branch has gone
# accepted
push :ho-release/0.1.1; new_patch 0.2.0 6-x; git merge -q --no-ff -m 'Stack on 3-tags' ho-patch/3-tags
echo x > app/x.py; commit 'Work'; push ho-patch/6-x; integrate 0.2.0 3-tags; prepare_rc 0.2.0 1; commit 'Cut 0.2.0-rc1'
git push -q origin ho-release/0.2.0
