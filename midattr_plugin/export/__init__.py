"""A trained model as a file for onnxruntime or OpenVINO, checked against PyTorch."""

from midattr_plugin.export.cli import main
from midattr_plugin.export.openvino_ir import OpenVinoPredictor
from midattr_plugin.export.runtime import OnnxPredictor

__all__ = ['OnnxPredictor', 'OpenVinoPredictor', 'main']
