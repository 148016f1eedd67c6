# review

### evil merge on ho-prod, reverted by the bookkeeping commit
# refused
merge_patch 0.1.1 4-fix; move_to_stage 0.1.1 4-fix; commit 'Stage 4-fix'; push ho-release/0.1.1
prepare_promotion 0.1.1; echo 'import os' > app/backdoor.py; commit 'Promote 0.1.1'
git rm -q app/backdoor.py; commit 'Tidy'
git push -q origin ho-prod

### stage what is not integrated, and promote in the same push
# refused
git switch -q ho-release/0.1.1; move_to_stage 0.1.1 4-fix; commit 'Stage 4-fix'
prepare_promotion 0.1.1; commit 'Promote 0.1.1'
git push -q --atomic origin ho-release/0.1.1 ho-prod

### stage ids with no directory, promote in the same push
# refused
git switch -q ho-release/0.1.1; move_to_stage 0.1.1 4-fix; echo 77-none >> releases/0.1.1-stage.txt; commit 'Stage 4-fix'
prepare_promotion 0.1.1; commit 'Promote 0.1.1'
git push -q --atomic origin ho-release/0.1.1 ho-prod

### already released id listed again and promoted in one push
# refused
git switch -q ho-release/0.1.1; move_to_stage 0.1.1 4-fix; echo 1-users >> releases/0.1.1-stage.txt; commit 'Stage 4-fix'
prepare_promotion 0.1.1; commit 'Promote 0.1.1'
git push -q --atomic origin ho-release/0.1.1 ho-prod

### taken number
# refused
merge_patch 0.1.1 4-fix; move_to_stage 0.1.1 4-fix; commit 'Stage 4-fix'; candidate 0.1.1 1-other; move_to_stage 0.1.1 1-other; commit 'Stage'
prepare_promotion 0.1.1; commit 'Promote 0.1.1'
git push -q --atomic origin ho-release/0.1.1 ho-prod

### legal: rc cut and promoted in one push
# accepted
merge_patch 0.1.1 4-fix; move_to_stage 0.1.1 4-fix; commit 'Stage 4-fix'; prepare_rc 0.1.1 1; commit 'Cut'
prepare_promotion 0.1.1; commit 'Promote 0.1.1'
git push -q --atomic origin ho-release/0.1.1 ho-prod
