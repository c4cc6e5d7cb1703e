"""One model for the whole room, as an export takes seconds."""

from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch.torch_version import TorchVersion

from helpers.tiny_checkpoint import SIZE, write_checkpoint
from midattr_plugin.export.onnx_graph import OLDEST_PYTORCH
from midattr_plugin.predict import Predictor

if any(find_spec(package) is None for package in ('onnx', 'onnxscript', 'onnxruntime')):
    collect_ignore_glob = ['test_*.py']  # which import them


@pytest.fixture(scope='session', autouse=True)
def pytorch():
    if TorchVersion(torch.__version__) < OLDEST_PYTORCH:
        pytest.skip(f'an export needs PyTorch {OLDEST_PYTORCH} or later')


@pytest.fixture(scope='session')
def checkpoint(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp('weights') / 'model.pth')


@pytest.fixture(scope='session')
def predictor(checkpoint):
    """The model in PyTorch."""
    return Predictor(checkpoint, use_gpu=False, precision='fp32')


@pytest.fixture(scope='session')
def onnx_path(predictor, tmp_path_factory):
    from midattr_plugin.export.onnx_graph import write_onnx

    path = tmp_path_factory.mktemp('onnx') / 'model.onnx'
    write_onnx(predictor.model, path)
    return path


@pytest.fixture(scope='session')
def images():
    """Noise of the model's size and of others."""
    random = np.random.default_rng(0)
    sizes = [SIZE, (30, 20), (128, 64), (64, 90), (7, 300), SIZE, (100, 40)]
    return [random.integers(0, 256, (*size, 3), np.uint8) for size in sizes]
