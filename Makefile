# `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Suites that hold every core for a while: tests that wait for processes would starve beside them.
busy := ^(SimulationTests|EngineModelTests|SyncModelTests)\.
# All tests of a run begin at once, and what is at the other end of a socket gives up after a minute or less:
# what has real ones has a run of its own.
ends := ^(PlatformContractTests|LinuxPlatformTests|ImagesTests|FleetClientTests|FleetHubAPITests)\.

# One stage after the other: SwiftPM locks the build folder, and the benchmarks share two cores.
.NOTPARALLEL:

SWIFT ?= swift
export SWIFT

stage := @scripts/stage
bench := .build/release/edge-bench
sim := .build/release/fleet-sim
broken_sim := .build-mutants/release/fleet-sim
release_build := $(SWIFT) build -c release --static-swift-stdlib
broken := --scratch-path .build-mutants -Xswiftc -DEDGE_MUTANTS

.PHONY: help deps toolchain build release test demo test-long bench-sync bench-place bench-images \
	bench-workloads check-coaps check-containers check-images check-placement coap-interop \
	paho-interop rig-test sim fuzz mutants cross test-arm64 check-arm64 check-arm64-rig packages \
	check-packages lint format clean

help: ## lists the targets
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/\1\t\2/p' Makefile | expand -t 18

toolchain:
	@scripts/require-swift

deps: ## installs the Debian packages that are missing (as root, or by sudo)
	$(stage) deps scripts/install-dependencies

build: toolchain ## builds everything with its tests, for debugging
	$(stage) build $(SWIFT) build --build-tests

release: toolchain ## builds the programs into .build/release, with a static Swift runtime
	$(stage) release $(release_build)

test: deps lint build ## lint, all tests, a release build, its linkage, 1,000 simulated fleets and the mutants
	$(stage) "unit tests" $(SWIFT) test --skip-build --skip '$(busy)' --skip '$(ends)'
	$(stage) "sockets and processes" $(SWIFT) test --skip-build --filter '$(ends)'
	$(stage) "models and worlds" $(SWIFT) test --skip-build --filter '$(busy)'
	$(stage) release $(release_build)
	$(stage) "short checks" scripts/check-short --skip-lint
	$(MAKE) sim

demo: deps release ## three boards, a hub and their brokers on this machine: offline and back, nothing lost
	$(stage) demo $(bench) demo

sim: release mutants ## 1,000 simulated fleets, and every mutant of the sync must be found
	$(stage) "1,000 seeds" $(sim) --seed 1 --seeds 1000
	$(stage) "mutants of the sync" $(broken_sim) --mutants --seeds 200

fuzz: toolchain ## ten million inputs to each decoder (hours); scripts/fuzz has a short form
	$(stage) fuzz scripts/fuzz --runs 10000000 --seed 0

test-long: deps release ## the kill, offline, bound and footprint runs at full length (hours)
	$(stage) "kill agent, 200 rounds" $(bench) kill --target agent --rounds 200
	$(stage) "kill hub, 50 rounds" $(bench) kill --target hub --rounds 50
	$(stage) "kill broker, 50 rounds" $(bench) kill --target broker --rounds 50
	$(stage) "offline, 20 minutes" $(bench) offline --minutes 20
	$(stage) "bound, three hours of input" $(bench) bound --hours 3
	$(stage) "agent, one hour idle and one loaded" $(bench) agent --minutes 120 --json
	$(stage) "50,000 seeds" $(sim) --seed 100000 --seeds 50000
	$(stage) "20 fleets of 50 devices, 30 days" $(sim) --devices 50 --days 30 --seeds 20 --shrink 0

bench-sync: deps release ## the sync engine beside two peers on the same traces (from PyPI)
	$(stage) "sync rows" scripts/bench-sync $(TRACES)

check-coaps: release ## CoAP over DTLS, with libcoap's own client
	$(stage) "coaps" scripts/check-coaps

check-containers: release ## containers from end to end, with crun and a hub (as root)
	$(stage) containers scripts/check-containers

bench-workloads: release ## starts of containers and processes, beside crun and podman (as root)
	$(stage) "starts of workloads" scripts/bench-workloads

check-placement: release ## placement from end to end, with a hub and two boards
	$(stage) placement scripts/check-placement

check-images: release ## images beside skopeo, umoci and docker-registry (as root, where they are installed)
	$(stage) images scripts/check-images

bench-images: release ## fetching and unpacking an image beside skopeo with umoci
	$(stage) "image rows" scripts/bench-images

bench-place: deps release ## placement beside OR-tools (from PyPI) on the same instances, and Vivaldi
	$(stage) "placement rows" scripts/bench-place

coap-interop: deps release ## the hub's CoAP against aiocoap (from PyPI) and libcoap's own client
	$(stage) "coap interop" scripts/coap-interop

paho-interop: deps release ## a device on paho-mqtt (from PyPI), enrolled by openssl, against the hub
	$(stage) "paho interop" scripts/paho-interop

rig-test: build ## tests on a kernel with simulated pins and buses, in QEMU; the first run builds it
	$(stage) "rig packages" scripts/install-dependencies --rig
	$(stage) "rig kernel" scripts/rig-kernel
	$(stage) rig scripts/rig

cross: ## compiles and packs agent and command line for arm64 (cross/README.md)
	$(stage) cross cross/build

test-arm64: ## runs the tests of what runs on a board under qemu-user for arm64 (as root)
	$(stage) "tests for arm64" cross/test

check-arm64: release cross ## installs the arm64 agent under qemu-user and runs it against a hub (as root)
	$(stage) "agent for arm64" scripts/check-arm64

check-arm64-rig: release cross ## boots it on an emulated arm64 machine with pins and a sensor (as root)
	$(stage) "rig packages" scripts/install-dependencies --rig
	$(stage) "agent on an arm64 machine" scripts/check-arm64-rig

packages: release ## Debian packages of agent, hub and command line for this machine
	$(stage) packages packaging/build-debs --binaries .build/release

check-packages: packages ## installs, upgrades, removes and purges them in a root of Debian 13 (as root)
	$(stage) "packages in Debian" scripts/check-packages

mutants: toolchain ## an agent and a simulator that can be told to break rules
	$(stage) "agent with mutants" $(release_build) --product edge-agent $(broken)
	$(stage) "simulator with mutants" $(release_build) --product fleet-sim $(broken)

lint: toolchain ## checks the style of the Swift sources and the shell scripts
	$(stage) lint scripts/lint

format: toolchain ## rewrites the Swift sources in the house style
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Fuzz

clean: toolchain ## removes the build products, keeps the packages fetched
	$(SWIFT) package clean
