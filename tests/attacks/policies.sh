# Policy games: the server reads halfhooks.conf from ho-prod as it was before the push.

policy() { printf '[halfhooks]\n'; printf '\t%s\n' "$@"; }

### the policy that frees the code comes with the code
# refused: HH107
policy 'freePaths = **' > halfhooks.conf; echo '# quick' >> app/p_1_users.py; commit 'Free everything'
git push -q origin ho-prod

### the policy that turns the rule into a warning comes with the violation
# refused: HH107
policy 'warn = HH107' > halfhooks.conf; commit 'Warn'; echo '# quick' >> app/p_1_users.py; commit 'Quick fix'
git push -q origin ho-prod

### the policy that chooses another layout comes with the violation
# refused: HH301 HH107
policy 'root = elsewhere' > halfhooks.conf; echo 9-ghost >> releases/0.1.0.txt; commit 'Move house'
git push -q origin ho-prod

### the policy is deleted
# refused: HH107
git rm -q halfhooks.conf; commit 'No policy'
git push -q origin ho-prod

### a policy on the release branch does not count there either
# refused: HH301
git switch -q ho-release/0.2.0; policy 'freePaths = **' > halfhooks.conf; echo 9-ghost >> releases/0.1.0.txt; commit 'Free everything'
git push -q origin ho-release/0.2.0

### a policy on the patch branch does not count
# refused: HH111
git switch -q ho-patch/3-tags; policy 'warn = HH111' > halfhooks.conf; echo 9-ghost > releases/0.2.0.txt; commit 'Warn'
git push -q origin ho-patch/3-tags

### the policy includes a file that turns rules off
# refused: HH111
git switch -q ho-patch/3-tags; policy 'warn = HH111' > evil; printf '[include]\n\tpath = evil\n' > halfhooks.conf; echo 9-ghost > releases/0.2.0.txt; commit 'Include'
git push -q origin ho-patch/3-tags

### a policy with an unknown key enters a release
# refused
git switch -q ho-patch/3-tags; policy 'freePath = docs/**' > halfhooks.conf; commit 'Misspell'
merge_patch 0.2.0 3-tags
git push -q origin ho-patch/3-tags ho-release/0.2.0

### a policy that includes another file enters a release
# refused
git switch -q ho-patch/3-tags; printf '[include]\n\tpath = evil\n' > halfhooks.conf; commit 'Include'
merge_patch 0.2.0 3-tags
git push -q origin ho-patch/3-tags ho-release/0.2.0

### a policy that is a link enters a release
# refused
git switch -q ho-patch/3-tags; ln -sf /etc/passwd halfhooks.conf; commit 'Link'
merge_patch 0.2.0 3-tags
git push -q origin ho-patch/3-tags ho-release/0.2.0

### a new policy does not count before its promotion
# refused: HH107
git switch -q ho-patch/4-fix; policy 'freePaths = app/**' > halfhooks.conf; commit 'Free the code'; push ho-patch/4-fix; integrate 0.1.1 4-fix
git switch -q ho-prod; echo '# quick' >> app/p_1_users.py; commit 'Quick fix'
git push -q origin ho-prod

### even the administrator frees no release file
# refused: HH301 HH107
git -C ../server.git config halfhooks.freePaths '**'
echo 9-ghost >> releases/0.1.0.txt; commit 'Edit'
git push -q origin ho-prod

### even the administrator frees no patch
# refused: HH403 HH107
git -C ../server.git config halfhooks.freePaths 'Patches/**'
echo 'drop table users;' >> Patches/1-users/01_change.sql; commit 'Edit'
git push -q origin ho-prod

### even the administrator frees no policy
# refused: HH107
git -C ../server.git config halfhooks.freePaths '**, halfhooks.conf'
policy 'freePaths = **' > halfhooks.conf; commit 'Free everything'
git push -q origin ho-prod

### the administrator refuses ordinary branches
# refused
git -C ../server.git config halfhooks.otherRefs refuse
git push -q origin topic:refs/heads/idea

### the administrator refuses rewritten patch branches
# refused
git -C ../server.git config halfhooks.patchRewrite refuse
git switch -q ho-patch/3-tags; git commit -q --amend -m 'Other words'
git push -q origin +ho-patch/3-tags

### a policy that chooses another layout enters a release
# refused: HH007
git switch -q ho-patch/3-tags; policy 'root = services/shop' > halfhooks.conf; commit 'Move house'
merge_patch 0.2.0 3-tags
git push -q origin ho-patch/3-tags ho-release/0.2.0

### the administrator refuses rewritten patch branches, and one only grows
# accepted
git -C ../server.git config halfhooks.patchRewrite refuse
git switch -q ho-patch/3-tags; git commit -q --allow-empty -m 'One more'
git push -q origin ho-patch/3-tags
