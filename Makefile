.PHONY: check lint types test

# Everything that CI checks; needs `pip install -e '.[dev]'`.
check: lint types test

lint:
	ruff check .
	ruff format --check .

types:
	mypy

test:
	pytest -n 2 --cov
