# Everything that a developer or a user types. `make` alone says what there is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Tools that are built once, outside the checkout.
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/todo-local
CARGO_DENY := $(CACHE)/bin/cargo-deny
CARGO_DENY_VERSION := 0.20.2

TARGET := $(or $(CARGO_TARGET_DIR),target)
LOCAL := $(TARGET)/debug/local

# Queries are checked against crates/*/.sqlx, never against a database that happens to run.
unexport DATABASE_URL CHAT_DATABASE_URL WORKER_DATABASE_URL BUS_DATABASE_URL MESSAGING_DATABASE_URL
# A developer's settings are not a test's.
unexport EVENT_BUS APP_ADDR HEALTH_ADDR LISTEN_ADDR SMTP_URL SMTP_FROM VAPID_PRIVATE_KEY VAPID_PUBLIC_KEY VAPID_SUBJECT
LLM := LLM_BASE_URL LLM_MODEL LLM_API_KEY LLM_DAILY_TOKENS
unexport $(LLM)
# But a language model that is named is to answer under `make run`.
$(foreach name,$(LLM),$(if $($(name)),$(eval run: export $(name) := $($(name)))))
export CACHE

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

.PHONY: run
run: ## Run the whole system on this machine (PORT, HOST, DATA, BUS=local or kafka)
	@tools/preflight.sh
	@tools/web.sh build --if-packages
	@cargo build --package local --package chat-api --package reminder-worker \
		--bin local --bin chat-api --bin reminder-worker
	@if [ "$${BUS:-}" = kafka ]; then \
		export DAPRD=$$(tools/daprd.sh) KAFKA_LIBS=$$(tools/kafka.sh); \
	fi; exec $(LOCAL) run

.PHONY: tools
tools: ## Build or fetch daprd, Kafka, ical4j and helm, once, outside the checkout
	@tools/daprd.sh
	@tools/kafka.sh
	@tools/ical4j.sh
	@tools/kubernetes.sh

.PHONY: web
web: ## Build the web page, which chat-api is then compiled with
	@tools/web.sh build

# Who can't have npm's packages has everything but the page.
.PHONY: page
page:
	@tools/web.sh build --if-packages

.PHONY: build
build: page ## Build every binary and test
	cargo build --workspace --all-targets

.PHONY: images
images: ## Build both container images into target/images, without Docker (PROFILE=dev, TAG)
	@tools/images.sh --profile $(or $(PROFILE),release) $(if $(TAG),--tag $(TAG))

.PHONY: test
test: build ## Run all tests
	tools/test.sh $(LOCAL)

.PHONY: bench
bench: ## Measure bursts and backlogs of reminders as ratios to an undisturbed burst, and the grammar (eight minutes; a quiet machine)
	cargo build --quiet --package local
	$(LOCAL) postgres --ephemeral -- cargo bench --quiet --profile dev --package reminder-worker --bench burst
	cargo bench --quiet --package intent --bench phrases

.PHONY: fuzz
fuzz: ## Look for phrases that the grammar panics at or takes long for (MINUTES, 1 by default)
	cargo run --quiet --release --package intent --example fuzz -- $(or $(MINUTES),1)

.PHONY: test-cluster
test-cluster: ## Test the charts on the cluster of the current kubectl context (tools/test-cluster.sh says what it needs)
	@tools/test-cluster.sh

.PHONY: check
check: check-format check-web check-lints check-dependencies check-generated check-charts ## Check format, the web page, lints, dependency policy, generated files, charts

.PHONY: check-format
check-format:
	cargo fmt --all --check

# With the page built, all that follows compiles chat-api as `make build` does.
.PHONY: check-web
check-web: web
	cd web && npm run --silent check

.PHONY: check-lints
check-lints:
	cargo clippy --workspace --all-targets --quiet -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' cargo doc --workspace --no-deps --quiet

.PHONY: check-dependencies
check-dependencies: $(CARGO_DENY)
	$(CARGO_DENY) --log-level error check bans licenses sources

.PHONY: check-generated
check-generated: node-tools
	cargo run --quiet --package events --bin contracts -- check
	cargo run --quiet --package chat-api --bin openapi -- check
	node tools/asyncapi/check.mjs docs/contracts/asyncapi.json
	tools/check-dapr.sh
	node tools/openapi/check.mjs docs/openapi.json
	cargo build --quiet --package local
	$(LOCAL) postgres --ephemeral -- tools/sqlx-prepare.sh check

.PHONY: check-charts
check-charts: ## Check the Helm charts, without a cluster
	tools/check-charts.sh

.PHONY: generate
generate: sqlx ## Write every generated file anew
	cargo run --quiet --package events --bin contracts -- write
	cargo run --quiet --package chat-api --bin openapi -- write
	tools/render-k8s.sh write

.PHONY: sqlx
sqlx: ## Write crates/*/.sqlx anew, after a query or a migration has changed
	cargo build --quiet --package local
	$(LOCAL) postgres --ephemeral -- tools/sqlx-prepare.sh write

.PHONY: node-tools
node-tools:
	for tool in asyncapi openapi; do (cd tools/$$tool && npm ci --silent --no-audit --no-fund); done

.PHONY: format
format: ## Format the code
	cargo fmt --all

$(CARGO_DENY):
	cargo install --quiet --locked --root $(CACHE) cargo-deny@$(CARGO_DENY_VERSION)
