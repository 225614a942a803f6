# Every target sets up what it needs in the project's own .venv; nothing else is touched.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready

SEEDS  := 0 1 2 3 4
RUNS   := runs/queue/readme
TABLES := results/queue

SEARCH := results/jobshop/search

CLOUD  := runs/cloud/readme
CLOUDS := results/cloud
COMMA  := ,
ONLINE := results/dynamic
FIELD  := results/field

PAPERS := jobshop/paper flexible/paper dynamic/paper field/paper
# Trained agents that come with the code, <training>/seed<k>, taken unless TRAIN=1.
SHIPPED := checkpoints
TRAINED := $(subst $() ,$(COMMA),$(PAPERS:%=results/%-trained/runs))
JOBS   ?= 1

.PHONY: setup demo search queue cloud levels dynamic field results ship readme readme-search \
    readme-queue readme-cloud readme-dynamic readme-field readme-results test verify clean

setup: $(STAMP)

# Skipped, and so works offline, while the stamp is newer than what it was made from.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt --editable ".[dev]"
	touch $@

# Train a DQN on random shops, compare it with rules, search, optima and the one that comes with the
# code, draw the two pictures.
demo: $(STAMP)
	$(BIN)/dispatchlab demo

# Train the queue's DQN with five seeds, eight minutes of a core each, and compare it at two loads.
queue: $(STAMP)
	for s in $(SEEDS); do test -f $(RUNS)/seed$$s/summary.json || \
	    $(BIN)/dispatchlab train experiment=queue/dqn seed=$$s out=$(RUNS)/seed$$s || exit 2; done
	rm -rf $(TABLES)
	for load in 0.7 0.9; do $(BIN)/dispatchlab evaluate out=$(TABLES)/$$load \
	    suite=queue_random suite.generator.instances=100 suite.generator.seed=2026 \
	    suite.generator.load=$$load ga_queue.objective=flow ga_rolling.objective=flow \
	    "methods=[{queue/dqn: [$(shell echo $(SEEDS:%=$(RUNS)/seed%) | tr ' ' ,)]},wsjf,sjf,easy,\
	priority_fifo,fifo,random,ga_rolling,ga_queue]" || exit 2; done
	$(BIN)/dispatchlab plot curves "runs=[$(RUNS)]" out=$(TABLES)/curves.png

# Put the tables and the picture of the last `make queue` into the README.
readme-queue:
	cp $(TABLES)/curves.png docs/queue_curves.png
	for load in 0.7 0.9; do sed -i -e "/queue table $$load: begin/,/queue table $$load: end/{//!d}" \
	    -e "/queue table $$load: begin/r $(TABLES)/$$load/table.md" README.md; done

# Train the DQN of cloud manufacturing with five seeds, 22 minutes of a core each, and
# compare it on the study's 18 data sets: in one pass, within 1 s, within 10 s, and with CP-SAT.
cloud: $(STAMP)
	for s in $(SEEDS); do test -f $(CLOUD)/seed$$s/summary.json || \
	    $(BIN)/dispatchlab train experiment=cloud/dqn seed=$$s out=$(CLOUD)/seed$$s || exit 2; done
	rm -rf $(CLOUDS)/greedy $(CLOUDS)/second $(CLOUDS)/search $(CLOUDS)/ga $(CLOUDS)/exact
	$(BIN)/dispatchlab evaluate suite=cloud out=$(CLOUDS)/greedy \
	    "methods=[{cloud/dqn: [$(subst $() ,$(COMMA),$(SEEDS:%=$(CLOUD)/seed%))]},dls,peft,heft,ect,\
	sspt,spt,sst,wrt,mwkr,mopnr,fifo,lwkr,lpt,fdd_mwkr,edd,cr,random]"
	$(BIN)/dispatchlab evaluate suite=cloud out=$(CLOUDS)/second budget.seconds=1 \
	    oloos.iterations=null tloos.iterations=null tltos.upper_iterations=null \
	    "methods=[{cloud/dqn@sample: [$(subst $() ,$(COMMA),$(SEEDS:%=$(CLOUD)/seed%@sample))]},\
	aco,oloos,tloos,tltos]"
	$(BIN)/dispatchlab evaluate suite=cloud out=$(CLOUDS)/search budget.seconds=10 \
	    "methods=[{aco 10 s: aco}]"
	$(BIN)/dispatchlab evaluate suite=cloud out=$(CLOUDS)/ga/1 budget.seconds=1 "methods=[ga]"
	$(BIN)/dispatchlab evaluate suite=cloud out=$(CLOUDS)/ga/10 budget.seconds=10 \
	    "methods=[{ga 10 s: ga}]"
	$(BIN)/dispatchlab evaluate suite=cloud out=$(CLOUDS)/exact budget.seconds=60 \
	    "methods=[{exact 60 s: exact}]"
	$(BIN)/dispatchlab plot curves "runs=[$(CLOUD)]" out=$(CLOUDS)/curves.png
	for kind in compare anytime; do $(BIN)/dispatchlab plot $$kind out=$(CLOUDS)/$$kind.png \
	    "results=[$(CLOUDS)/greedy,$(CLOUDS)/second,$(CLOUDS)/search,$(CLOUDS)/ga/1,\
	$(CLOUDS)/ga/10,$(CLOUDS)/exact]" || exit 2; done

# Compare rules, constructive methods, searches and CP-SAT on ta01 to ta80 at equal time.
search: $(STAMP)
	rm -rf $(SEARCH)
	$(BIN)/dispatchlab evaluate experiment=jobshop/search out=$(SEARCH)
	$(BIN)/dispatchlab plot anytime results=$(SEARCH) out=$(SEARCH)/anytime.png

# Put the table and the picture of the last `make search` into the README.
readme-search:
	cp $(SEARCH)/anytime.png docs/search_anytime.png
	sed -i -e '/search table: begin/,/search table: end/{//!d}' \
	    -e '/search table: begin/r $(SEARCH)/table.md' README.md

# The study of one level and two: 18 data sets, 10 repetitions, two settings, two decoders.
levels: $(STAMP)
	$(BIN)/dispatchlab levels experiment=cloud/levels out=$(CLOUDS)/levels

# Put the tables and pictures of the last `make cloud` and `make levels` into the README.
readme-cloud:
	cp $(CLOUDS)/compare.png docs/cloud.png
	cp $(CLOUDS)/anytime.png docs/cloud_anytime.png
	cp $(CLOUDS)/levels/levels.png docs/levels.png
	cp $(CLOUDS)/levels/paper-append/convergence.png docs/levels_convergence.png
	sed -i -e '/cloud table: begin/,/cloud table: end/{//!d}' \
	    -e '/cloud table: begin/r $(CLOUDS)/compare.md' \
	    -e '/levels table: begin/,/levels table: end/{//!d}' \
	    -e '/levels table: begin/r $(CLOUDS)/levels/table.md' README.md

# Compare the rules of the online shop at four loads, calm and disturbed: some minutes of a core.
dynamic: $(STAMP)
	rm -rf $(ONLINE)/rules
	$(BIN)/dispatchlab evaluate experiment=dynamic/rules out=$(ONLINE)/rules

# Put the tables and the picture of the last `make dynamic` into the README.
readme-dynamic:
	cp $(ONLINE)/rules/compare.png docs/dynamic.png
	sed -i -e '/dynamic table: begin/,/dynamic table: end/{//!d}' \
	    -e '/dynamic table: begin/r $(ONLINE)/rules/table.md' README.md

# The study of field service: cost and time against the number of jobs, ten minutes of a core, and
# the map and the chart of a day. Interrupted, the study goes on.
field: $(STAMP)
	test ! -f $(FIELD)/study/results.jsonl || rm -rf $(FIELD)/study
	$(BIN)/dispatchlab evaluate experiment=field/study out=$(FIELD)/study
	$(BIN)/dispatchlab plot scaling results=$(FIELD)/study out=$(FIELD)/cost.png \
	    values=[cost,dissatisfaction] "title=Cost and dissatisfaction F against the number of jobs" \
	    "mark={40: published: the genetic algorithm wins for many jobs}"
	$(BIN)/dispatchlab plot scaling results=$(FIELD)/study out=$(FIELD)/time.png \
	    values=[person_time,makespan] "title=Person-time and makespan: F does not see the latter" \
	    "mark={40: published: the genetic algorithm wins for many jobs}"
	$(BIN)/dispatchlab plot scaling results=$(FIELD)/study out=$(FIELD)/table.png \
	    values=[cost,person_time,dissatisfaction,makespan,cap_breaches]
	$(BIN)/dispatchlab solve instance=field-50-7 method=ga_field budget.evaluations=30_000 \
	    out=$(FIELD)/schedule.json
	for kind in routes gantt; do $(BIN)/dispatchlab plot $$kind instance=field-50-7 \
	    schedule=$(FIELD)/schedule.json out=$(FIELD)/$$kind.png || exit 2; done

# Put the table and the pictures of the last `make field` into the README.
readme-field:
	for name in cost time routes gantt; do cp $(FIELD)/$$name.png docs/field_$$name.png; done
	sed -i -e '/field table: begin/,/field table: end/{//!d}' \
	    -e '/field table: begin/r $(FIELD)/table.md' README.md

# Every comparison of learned methods, and its table and pictures in the README: of the agents in
# $(SHIPPED), where one is missing after training it; with TRAIN=1 all are trained from nothing (many
# hours). Interrupted, it goes on; JOBS=2 trains two at once.
results: $(STAMP)
	for e in $(PAPERS); do $(BIN)/dispatchlab benchmark experiment=$$e jobs=$(JOBS) \
	    $(if $(TRAIN),out=results/$$e-trained,trained=$(SHIPPED)) || exit 2; done
	$(MAKE) readme-results

# Put the tables and pictures of the last `make results` into the README; where several evaluations
# are drawn, each below its name.
readme-results:
	for e in $(PAPERS); do from=results/$$e$(if $(TRAIN),-trained); to=$${e%/*}; \
	    test -f $$from/table.md || continue; cp $$from/curves.png docs/$${to}_learning.png; \
	    several=$$(test $$(ls $$from/*-compare.png | wc -l) -gt 1 && echo yes); as=; \
	    { for c in $$from/*-compare.png; do of=$$(basename $$c -compare.png); \
	    as=$${as:+$${to}_agents_$$of}; as=$${as:-$${to}_agents}; \
	    test -z "$$several" || printf '\n**%s**\n\n' $$of; \
	    cat $$from/evaluations/$$of/table.md; \
	    test $$as != $${to}_agents || \
	    printf '\n![Learning curves](docs/%s_learning.png)\n' $$to; \
	    cp $$c docs/$$as.png; printf '![Methods compared](docs/%s.png)\n' $$as; done; \
	    for a in $$from/*-allowance.png; do test -f $$a || continue; \
	    cp $$a docs/$${to}_allowance.png; \
	    printf '\n![Planning anew](docs/%s_allowance.png)\n\n' $$to; cat $${a%.png}.md; done; \
	    } > $$from/readme.md; \
	    sed -i -e "/agents of $$to: begin/,/agents of $$to: end/{//!d}" \
	    -e "/agents of $$to: begin/r $$from/readme.md" README.md || exit 2; done

# Put the agents of the last `make results TRAIN=1` into $(SHIPPED), or TRAINED=<folders of runs>;
# results of those that were there before are removed.
ship: $(STAMP)
	$(BIN)/dispatchlab ship "runs=[$(TRAINED)]"
	rm -rf $(PAPERS:%=results/%)

# Put the table and pictures of the last `make demo` into the README.
readme:
	cp demo/curves.png demo/gantt.png docs/
	sed -i -e '/demo table: begin/,/demo table: end/{//!d}' -e '/demo table: begin/r demo/table.md' README.md

# Lint, types, layers and the short tests: what CI runs.
test: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not deep" -n 2 --dist loadfile

# The deep profile: every promise at full depth, kills, speed and learning targets.
verify: test
	HYPOTHESIS_PROFILE=deep $(BIN)/pytest -m deep -n 2 --durations 15
	$(BIN)/dispatchlab bench

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
