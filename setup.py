"""Installation: ``pip install .``, or ``pip install -e '.[dev]'`` to work on the code."""

import re
from pathlib import Path

from setuptools import find_packages, setup

root = Path(__file__).parent
version = re.search(
    r"^__version__ = '(.+)'",
    (root / 'midattr_plugin/__init__.py').read_text(encoding='utf-8'),
    re.MULTILINE,
).group(1)

_EXPORT = ['onnx>=1.17', 'onnxruntime>=1.19', 'onnxscript>=0.7']
_OPENVINO = ['openvino>=2024.4']
_TIMM = ['timm>=1.0.22']
_TEST = [
    *_EXPORT,
    *_OPENVINO,
    *_TIMM,
    'hypothesis>=6.100',
    'pytest>=8.0',
    'pytest-cov>=5.0',
    'pytest-xdist>=3.6',
    'vermin>=1.6',
]

setup(
    name='midattr_plugin',
    version=version,
    description='Mid-level attributes and part features for person re-identification, '
    'as a plugin of torchreid',
    long_description=(root / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='MIT',
    packages=[
        *find_packages(include=['midattr_plugin', 'midattr_plugin.*']),
        # data, found by midattr_plugin.config.find; their home is the folder at top level
        'midattr_plugin.configs',
        'midattr_plugin.configs.compare',
    ],
    package_dir={
        'midattr_plugin.configs': 'configs',
        'midattr_plugin.configs.compare': 'configs/compare',
    },
    package_data={
        'midattr_plugin.compare': ['templates/*.j2'],
        'midattr_plugin.predict': ['templates/*.j2'],
        'midattr_plugin.ranked': ['templates/*.j2'],
        'midattr_plugin.weights': ['*.md', '*.pth'],
        'midattr_plugin.configs': ['*.yaml'],
        'midattr_plugin.configs.compare': ['*.yaml'],
    },
    entry_points={
        'console_scripts': [
            'midattr-train = midattr_plugin.train:main',
            'midattr-compare = midattr_plugin.compare:main',
            'midattr-benchmark = midattr_plugin.benchmark:main',
            'midattr-predict = midattr_plugin.predict:main',
            'midattr-export = midattr_plugin.export:main',
            'midattr-render = midattr_plugin.rendering:main',
            'midattr-table = midattr_plugin.tables.cli:main',
        ]
    },
    python_requires='>=3.10',
    install_requires=[
        'torch>=2.6',
        'torchvision>=0.21',
        'torchreid>=0.2.5',
        'filelock>=3.12',
        'gdown>=5.0',
        'jinja2>=3.1',
        'matplotlib>=3.8',
        'numpy>=1.26',
        'opencv-python>=4.8',
        'psutil>=5.9',
        'pytorch-metric-learning>=2.3',
        'PyYAML>=6.0.1',
        'scikit-learn>=1.4',
        'scipy>=1.11',
        'tqdm>=4.60',
        'yacs>=0.1.8',
        # imported by torchreid, which declares none of its requirements
        'h5py>=3.8',
        'imageio>=2.30',
        'Pillow>=10.1',
        'six>=1.16',
        'tensorboard>=2.14',
    ],
    extras_require={
        'export': _EXPORT,
        'openvino': [*_EXPORT, *_OPENVINO],
        'test': _TEST,
        'dev': [*_TEST, 'mypy>=1.11', 'pre-commit>=3.5', 'ruff>=0.9'],
        'explain': ['grad-cam>=1.5'],
        'timm': _TIMM,
    },
)
