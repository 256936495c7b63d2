# What a person runs. Each target installs what it needs and is not there.
.PHONY: demo test wheel test-c test-python test-swift test-kotlin kill-test fleet-test lint audit sbom rows model mutants simulate bench instructions bench-c sizes reproducible bench-memory fuzz fuzz-coverage fuzz-c install uninstall bench-python bench-swift bench-kotlin clean setup

demo: ## a whole lifecycle against the embedded authority, shown as it happens
	@scripts/setup demo
	@cargo run --quiet -p evergrant-example-host --bin demo -- $(ARGS)

test: ## all tests in all languages
	@scripts/setup test
	@scripts/test

test-c: ## all tests in C
	@scripts/setup test
	@scripts/test-c

test-python: ## the Python package with every Python from 3.10 on that is there
	@scripts/setup test
	@scripts/test-python --all

test-swift: ## the Swift package, in a Debian of its own with Swift
	@scripts/setup test
	@scripts/test-swift

test-kotlin: ## the package for Kotlin, Java and Android, on the JVM
	@scripts/setup test
	@scripts/test-kotlin

kill-test: ## 8 workers over SQLite, PostgreSQL and Redis, killed 1,000 times each: KILLS=1000, SEED=7
	@scripts/setup test
	@KILLS="$(KILLS)" SEED="$(SEED)" scripts/fleet kill

fleet-test: ## what a claim costs in a fleet of 10,000, 100,000 and 1,000,000 connections
	@scripts/setup test
	@scripts/fleet size

lint: ## formatting, lints, documentation, generated files
	@scripts/setup lint
	@scripts/lint

audit: ## known vulnerabilities of what is built from: downloads the advisories of RustSec
	@scripts/setup audit
	@cargo deny --locked check advisories

sbom: ## the crates in each library that is shipped: CycloneDX, in target/sbom
	@scripts/setup sbom
	@scripts/sbom

rows: ## the two checklists in docs/, and the tests of each row
	@scripts/rows docs/behaviours.md row_
	@echo
	@scripts/rows docs/pleo-requirements.md pleo_

model: ## every order of everything that may go wrong, in larger bounds: half an hour, LIMIT=4000000 for more
	@LIMIT="$(LIMIT)" scripts/model all

mutants: ## the protocol, changed in one place at a time, and what no test notices: ARGS=--iterate
	@scripts/setup mutants
	@scripts/mutants $(ARGS)

simulate: ## many workers and many faults, on all cores: SEEDS=1000000 or SECONDS=60, FIRST=1
	@SEEDS="$(SEEDS)" SIMULATE_SECONDS="$(or $(SECONDS),$(if $(SEEDS),,60))" FIRST="$(FIRST)" \
		cargo test --quiet --profile simulate --locked -p evergrant --test simulation \
		-- --nocapture --exact hunt

bench: ## beside the oauth2 crate, on the same inputs in the same run
	@cargo bench --locked -p evergrant --features testing --bench speed

instructions: ## the same by instructions and allocations, against what is committed: UPDATE=1
	@scripts/instructions

bench-c: ## the C path beside the Rust path
	@ffi/bench/run

wheel: ## the package for Python as it is released, for glibc 2.17 and later: into target/wheels
	@mkdir -p target/wheels
	@scripts/shipped scripts/wheel target/wheels --manylinux

sizes: ## what is shipped, against sizes.txt
	@scripts/sizes

reproducible: ## the shared libraries, built twice in different places: the same bytes
	@scripts/reproducible

bench-memory: ## what idle connections take: 100,000 and 1,000,000 of them
	@cargo bench --quiet --locked -p evergrant --bench memory

fuzz: ## every part that reads what others wrote, under libFuzzer: TIME=60, TARGET=step; then C
	@fuzz/run $(or $(TIME),60) $(TARGET)
	@$(if $(TARGET),:,ffi/fuzz/run $(or $(TIME),60))

fuzz-coverage: ## what the fuzzers' inputs reach, file by file: TARGET=step
	@fuzz/coverage $(TARGET)

fuzz-c: ## the C functions under libFuzzer: SECONDS=600
	@ffi/fuzz/run $(or $(SECONDS),600)

install: ## the C library, its header and evergrant.pc: PREFIX=/usr/local, LIBDIR=, DESTDIR=
	@PREFIX="$(PREFIX)" LIBDIR="$(LIBDIR)" DESTDIR="$(DESTDIR)" scripts/install

uninstall: ## takes away what install has put there
	@PREFIX="$(PREFIX)" LIBDIR="$(LIBDIR)" DESTDIR="$(DESTDIR)" scripts/install remove

bench-python: ## beside oauthlib, authlib and requests-oauthlib: ARGS=--profile
	@scripts/setup test
	@scripts/bench-python $(ARGS)

bench-swift: ## a valid token and a step in Swift
	@scripts/setup test
	@scripts/bench-swift

bench-kotlin: ## a cached token and a step in Kotlin
	@scripts/setup test
	@scripts/bench-kotlin

clean: ## everything that the other targets made
	cargo clean
	rm -rf .venv .cache bindings/swift/Generated
	rm -rf bindings/kotlin/*/target bindings/kotlin/target examples/kotlin/target
	find . -name .build -type d -prune -exec rm -rf {} +
	find . -name node_modules -type d -prune -exec rm -rf {} +
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@scripts/setup test
