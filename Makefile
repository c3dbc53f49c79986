# The handful of commands for working on Penstock; each is a few lines over CMake's presets.
#
#   make setup    what building and testing need (apt, a Python venv); quick when all is there
#   make build    the server: build/release/penstock
#   make demo     setup, build, and a stream with a function to look at
#   make check    the inner loop: dev build, unit, contract and short simulations, tools/check
#   make test     everything, as CI runs it
#   make test-long  the proof of durability in full, about an hour: docs/durability.md
#   make asan     unit, contract and simulations under AddressSanitizer and UBSan
#   make tsan     the same under ThreadSanitizer
#   make fuzz     every fuzzer for FUZZ_SECONDS
#   make bench    the benchmarks of parts, then of the server: bench/RESULTS.md (BENCH=regex chooses parts)
#   make fmt      formats the files that differ from the last commit (ALL=1: every file)
#   make clean    removes the built files, keeps what setup made

FUZZ_SECONDS ?= 60
BENCH ?= .

.DEFAULT_GOAL := build
.PHONY: setup build demo check test test-long asan tsan fuzz coverage bench fmt clean

setup:
	@tools/setup

build: setup
	@tools/build release penstock

demo: build
	@build/release/penstock demo

check: setup
	@tools/build dev
	@tools/test quick

test: setup
	@tools/test all

test-long: setup
	@tools/test long

asan tsan: setup
	@tools/build $@
	@tools/test $@

fuzz: setup
	@tools/fuzz $(FUZZ_SECONDS)

coverage: setup
	@tools/build coverage
	@tools/coverage

bench: setup
	@tools/build release penstock penstock_benchmarks
	@tools/bench '$(BENCH)'

fmt: setup
	@tools/fmt $(if $(ALL),--all)

clean:
	@rm -rf build/dev build/release build/long build/asan build/tsan build/fuzz build/coverage
