"""Measures speed and memory beside torchreid's models: the command ``midattr-benchmark``."""

import sys

from midattr_plugin.benchmark import main

if __name__ == '__main__':
    sys.exit(main())
