"""Trains, evaluates or resumes a model: the command ``midattr-train``."""

import sys

from midattr_plugin.train import main

if __name__ == '__main__':
    sys.exit(main())
