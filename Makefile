# 块图 Kuaitu. `make run` sets up, builds and opens the console; `make test` sets up and runs everything.
GO       ?= go
CITY     ?= demo
DATA     ?= data
WINDOW   := x11,migrated_fynedo
NOSQL    := -gcflags='modernc.org/sqlite/...=-race=false' -gcflags='modernc.org/libc/...=-race=false'
VERSION  := $(shell git describe --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -X main.version=$(VERSION)
HEADLESS := $(shell $(GO) list ./... 2>/dev/null | grep -v -e '/ui$$' -e '/mapview/mapwidget$$' -e '/cmd/kuaitu$$')
FYNE     := ./ui ./mapview/mapwidget ./cmd/kuaitu

export KUAITU_DATA ?= $(if $(wildcard $(CURDIR)/../shared/data),$(abspath $(CURDIR)/../shared/data),)

.PHONY: bench-frames run test tools build bench bench-go lint vuln fonts demo-clean deps race unit window e2e

run: deps build
	@bin/kuaituctl up --pack "$(CITY)" --data "$(DATA)"

tools:
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/kuaituctl ./cmd/kuaitud

build: tools
	$(GO) build -trimpath -tags $(WINDOW) -ldflags '$(LDFLAGS)' -o bin/kuaitu ./cmd/kuaitu

deps:
	@.ci/deps run

# Everything that must hold before a change lands.
test:
	@.ci/deps test
	$(MAKE) lint
	$(MAKE) unit
	$(MAKE) race
	$(MAKE) build
	$(MAKE) e2e

lint:
	@bad="$$(gofmt -l $$(git ls-files '*.go'))"; [ -z "$$bad" ] || { echo "gofmt would change: $$bad"; exit 1; }
	$(GO) vet -tags $(WINDOW) ./...
	$(GO) tool staticcheck -tags $(WINDOW) ./...
	CGO_ENABLED=0 GOOS=windows $(GO) vet $(HEADLESS)
	CGO_ENABLED=0 GOOS=darwin $(GO) vet $(HEADLESS)

unit:
	$(GO) test -timeout 15m $(HEADLESS)
	$(GO) test -timeout 10m -tags $(WINDOW),ci $(FYNE)

# Bulk imports, simulation and kill tests run without the race detector: they have their own package or skip under -short.
race:
	$(GO) test -race -short -timeout 15m $(NOSQL) $(filter-out %/simtest %/e2e,$(HEADLESS))

# The main job through real processes and a real window.
e2e:
	KUAITU_E2E=1 $(GO) test -count=1 -timeout 20m -run E2E -v ./cmd/e2e
	KUAITU_E2E=1 $(GO) test -count=1 -timeout 15m -trimpath -tags $(WINDOW) -run E2E -v ./cmd/kuaitu

# BENCHCITY is made once; PAN is minutes of panning on each screen; RUNS keeps the figures the next run is compared with.
BENCHCITY ?= .cache/benchcity
PAN       ?= 0.2
RUNS      ?= .cache/bench
bench: tools
	[ -f $(BENCHCITY)/store.gpkg ] || bin/kuaituctl bench city --out $(BENCHCITY)
	bin/kuaituctl bench map --json --store $(BENCHCITY)/store.gpkg --runs $(RUNS) --minutes $(PAN)
	bin/kuaituctl bench map --json --gpkg $(BENCHCITY)/plain.gpkg --runs $(RUNS) --minutes 0

# The benchmarks of every package.
# What a frame costs Fyne's thread while the real window is dragged and zoomed; needs what the tests of the window need.
bench-frames:
	KUAITU_E2E=1 KUAITU_BENCH_STORE=$(abspath $(wildcard $(BENCHCITY)/store.gpkg)) $(GO) test -trimpath -tags $(WINDOW) -run '^$$' -bench E2EFrames -benchtime 1x -v ./cmd/kuaitu

bench-go:
	$(GO) test -run '^$$' -bench . -benchmem $(HEADLESS)

vuln:
	@$(GO) run golang.org/x/vuln/cmd/govulncheck@v1.1.4 ./... || { \
		code=$$?; [ $$code = 3 ] && exit 3; echo "govulncheck could not reach its vulnerability database; nothing was checked"; }

fonts:
	assets/fonts/make.sh

demo-clean:
	rm -rf "$(DATA)"
