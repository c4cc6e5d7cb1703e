"""The runtime as a folder of its own, for machines that have neither PyTorch nor this package.

It holds the modules that the runtime is made of here, as they are, only that they import each
other from the folder.
"""

import re
from pathlib import Path

import midattr_plugin
from midattr_plugin.files import write_texts

NAME = 'midattr_runtime'

_MODULES = (
    'errors',
    'schema',
    'datasets/image_file',
    'predict/prediction',
    'predict/image_predictor',
    'export/extras',
    'export/facts',
    'export/pillow_resize',
    'export/runtime',
)
_IMPORT = re.compile(r'^( *from )midattr_plugin\.(?:\w+\.)*(\w+ import)', re.MULTILINE)
_INIT = '''\
"""Models that midattr_plugin has exported; they need onnxruntime and NumPy alone.

    from {name} import OnnxPredictor

    predict = OnnxPredictor('people.onnx')
    prediction = predict(images)  # arrays (height, width, 3) uint8 of R, G, B, of any size
    prediction.attributes[0]  # class of each attribute, by name
    prediction.descriptors  # (N, D) float32

Written by midattr-export of midattr_plugin {version}; MIT License.
"""

from {name}.errors import InputError
from {name}.prediction import Prediction
from {name}.runtime import OnnxPredictor

__all__ = ['InputError', 'OnnxPredictor', 'Prediction']
'''


def write_runtime(folder: Path) -> Path:
    """Write the runtime as a package, and return its folder.

    Args:
        folder: in which it is made, e.g. that of the ONNX file.

    Raises:
        InputError: it cannot be written.
    """
    package = Path(midattr_plugin.__file__).parent
    out = folder / NAME
    texts: dict = {out / '__init__.py': _INIT.format(name=NAME, version=midattr_plugin.__version__)}
    for module in _MODULES:
        source = (package / f'{module}.py').read_text(encoding='utf-8')
        texts[out / f'{Path(module).name}.py'] = _IMPORT.sub(rf'\1{NAME}.\2', source)
    write_texts(texts)
    return out
