"""Runs a suite of configurations and reports them: the command ``midattr-compare``."""

import sys

from midattr_plugin.compare import main

if __name__ == '__main__':
    sys.exit(main())
