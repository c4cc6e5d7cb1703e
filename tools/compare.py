"""Runs a suite of configurations and reports them: ``tools/compare.py --help``."""

import sys

from midattr_plugin.compare import main

if __name__ == '__main__':
    sys.exit(main())
