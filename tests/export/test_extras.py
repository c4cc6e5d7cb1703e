"""Packages that are not installed."""

import sys

import pytest

from midattr_plugin.errors import InputError
from midattr_plugin.export.extras import needed


def test_installed():
    assert needed('json.decoder').JSONDecoder


@pytest.mark.parametrize(
    'package, extra',
    [('onnxruntime.quantization', 'export'), ('onnx', 'export'), ('openvino', 'openvino')],
)
def test_not_installed(monkeypatch, package, extra):
    root = package.split('.')[0]
    for name in [name for name in sys.modules if name.split('.')[0] == root]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, root, None)
    with pytest.raises(InputError, match=rf'{root} is not installed; .*midattr_plugin\[{extra}\]'):
        needed(package)


def test_broken_installation(tmp_path, monkeypatch):
    """What a package itself lacks is not taken for the package."""
    (tmp_path / 'broken_tool.py').write_text('import something_that_it_lacks\n')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match='something_that_it_lacks'):
        needed('broken_tool')
