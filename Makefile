# Each target sets the project up by itself: nothing has to be installed by hand.
.PHONY: help setup demo test lint unit sanity integration molecule switchover sandbox bench prove docs build

help:
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## makes the virtual environment and makes the checkout runnable
	@tools/in_venv.sh -c 'import sys; print("ready:", sys.prefix)'

demo: ## upgrades a real mesh on this machine, under load, and shows what was lost
	@tools/in_venv.sh -m tools.demo

test: ## runs everything below but switchover, demo, sandbox, bench, prove and docs
	@tools/in_venv.sh -m tools.run_tests

lint: ## format, types, YAML, Ansible, changelog, documentation, the project's own rules
	@tools/in_venv.sh -m tools.run_tests lint docs

unit: ## unit tests with coverage, the roles without a cluster, and the report in a real browser
	@tools/in_venv.sh -m tools.run_tests unit roles browser

sanity: ## ansible-test sanity and units, and the same tests under older ansible-core
	@tools/in_venv.sh -m tools.run_tests sanity compatibility

molecule: ## the roles on the sandbox
	@tools/in_venv.sh -m tools.run_tests molecule

integration: ## the modules and the sandbox itself on the sandbox
	@tools/in_venv.sh -m tools.run_tests integration

switchover: ## the switchover between clusters: its directors, and two clusters of the sandbox
	@tools/in_venv.sh -m tools.run_tests switchover

sandbox: ## starts a real mesh on this machine and leaves it running
	@tools/in_venv.sh -m sandbox up

bench: ## measures each figure beside its rival
	@tools/in_venv.sh -m benchmarks

prove: ## upgrades for an hour under load: killed, with bad versions, beside the same by hand
	@tools/in_venv.sh -m tools.prove

docs: ## renders the documentation to HTML
	@tools/in_venv.sh -m tools.build_docs

build: ## builds the tarball that Galaxy takes, and tries it
	@tools/in_venv.sh -m tools.check_package dist
