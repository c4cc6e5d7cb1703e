"""Writes a trained model for onnxruntime and OpenVINO: the command ``midattr-export``."""

import sys

from midattr_plugin.export import main

if __name__ == '__main__':
    sys.exit(main())
