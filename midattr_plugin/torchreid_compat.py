"""The toolbox torchreid, behind one door: its names, and every change that is made to it.

torchreid 0.2.5 (the registry's package) keeps its modules under ``torchreid.reid``,
torchreid 1.4.0 (its repository) under ``torchreid``. This is the only module that
knows. Everything else imports torchreid's names from here.
"""

import importlib
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

with warnings.catch_warnings():
    # torchreid warns that its compiled ranking is missing, and 1.4.0 has invalid
    # escape sequences in its regular expressions; a user can do nothing about either.
    warnings.simplefilter('ignore')
    import torchreid

    _package = 'torchreid.reid' if hasattr(torchreid, 'reid') else 'torchreid'

    data = importlib.import_module(f'{_package}.data')
    engine = importlib.import_module(f'{_package}.engine')
    losses = importlib.import_module(f'{_package}.losses')
    metrics = importlib.import_module(f'{_package}.metrics')
    models = importlib.import_module(f'{_package}.models')
    optim = importlib.import_module(f'{_package}.optim')
    utils = importlib.import_module(f'{_package}.utils')
    _rank = importlib.import_module(f'{_package}.metrics.rank')
    _datasets = importlib.import_module(f'{_package}.data.datasets')
    _image_datasets = importlib.import_module(f'{_package}.data.datasets.image')
    _dataset = importlib.import_module(f'{_package}.data.datasets.dataset')
    _tools = importlib.import_module(f'{_package}.utils.tools')
    _drawings = importlib.import_module(f'{_package}.utils.reidtools')
    _feature_extractor = importlib.import_module(f'{_package}.utils.feature_extractor')

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""torchreid's default normalization of R, G, B, of values in [0, 1]."""

Engine = engine.Engine
ImageSoftmaxEngine = engine.ImageSoftmaxEngine
ImageTripletEngine = engine.ImageTripletEngine
VideoSoftmaxEngine = engine.VideoSoftmaxEngine
VideoTripletEngine = engine.VideoTripletEngine
TripletLoss = losses.TripletLoss
ImageDataManager = data.ImageDataManager
VideoDataManager = data.VideoDataManager
Dataset = _dataset.Dataset
ImageDataset = data.ImageDataset
VideoDataset = data.VideoDataset
Market1501 = _image_datasets.Market1501
DukeMTMCreID = _image_datasets.DukeMTMCreID

# Both registries are module globals whose names begin with two underscores. vars() is
# used because such a name would be mangled inside a class body.
_model_factory: dict[str, Callable] = vars(models)['__model_factory']
_dataset_registry: dict[str, Callable] = vars(_datasets)['__image_datasets']
_video_dataset_registry: dict[str, Callable] = vars(_datasets)['__video_datasets']


def register_model(name: str, factory: Callable) -> None:
    """Make ``factory`` available to torchreid's ``build_model`` under ``name``.

    Registering again under the same name replaces the entry: torchreid offers no
    ``register_model``, so its table is written directly.
    """
    _model_factory[name] = factory


def register_image_dataset(name: str, dataset: type) -> None:
    """Call torchreid's function of this name, which may be called only once."""
    _dataset_registry.pop(name, None)
    data.register_image_dataset(name, dataset)


def model_names() -> list[str]:
    """Return the names that torchreid's ``build_model`` knows."""
    return sorted(_model_factory)


def dataset_names() -> list[str]:
    """Return the names of the image datasets that torchreid knows."""
    return sorted(_dataset_registry)


def is_torchreids(kind: type) -> bool:
    """Return whether a class is one of torchreid's own."""
    return f'{kind.__module__}.'.startswith(f'{_package}.')


def is_torchreids_dataset_code(file: str) -> bool:
    """Return whether a source file is one of torchreid's dataset classes or their base."""
    return Path(_dataset.__file__).parent in Path(file).parents


def dataset_takes(name: str, argument: str) -> bool:
    """Return whether a dataset names this argument; all of them ignore those that they do not.

    Args:
        name: of an image or video dataset.
        argument: of its class or of a class that it inherits from.
    """
    kind = _dataset_registry.get(name) or _video_dataset_registry.get(name)
    classes = inspect.getmro(kind) if isinstance(kind, type) else ()
    return any(argument in inspect.signature(base.__init__).parameters for base in classes)


@contextmanager
def dataset_arguments(arguments: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """Give datasets further arguments while torchreid's data manager builds them by name.

    Args:
        arguments: name of a dataset -> keyword arguments of its class.
    """
    before = {name: _dataset_registry[name] for name in arguments}
    for name, dataset in before.items():
        _dataset_registry[name] = partial(dataset, **arguments[name])
    try:
        yield
    finally:
        _dataset_registry.update(before)


def replace_training_images(datamanager: data.ImageDataManager, loader: Any) -> None:
    """Give an image data manager other training images, and their numbers to whoever asks it.

    Args:
        datamanager: torchreid's.
        loader: its new training loader, of a dataset of torchreid.
    """
    datamanager.train_loader = loader
    datamanager._num_train_pids = loader.dataset.num_train_pids
    datamanager._num_train_cams = loader.dataset.num_train_cams


class _Replaced:
    """A module whose functions of these names are others."""

    def __init__(self, module: Any, **functions: Callable):
        self.module = module
        vars(self).update(functions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)


_cv2, _pillow = _drawings.cv2, _feature_extractor.Image


def set_image_reader(read: Callable[[str], Any]) -> None:
    """Let ``read`` read every image file: for datasets, for visrank, for a feature extractor.

    torchreid opens files in three ways, which differ for whatever a camera does not write: by
    a function that retries a truncated file forever, by OpenCV, and by Pillow.

    Args:
        read: returns the image at a path as a PIL image in RGB.
    """
    for module in (_dataset, _tools, utils):
        module.read_image = read
    # a worker process that is spawned imports what it unpickles: with the dataset goes its reader
    _dataset.Dataset.__getstate__ = lambda self: {**vars(self), '_reader': read}
    _drawings.cv2 = _Replaced(
        _cv2, imread=lambda path, *flags: np.asarray(read(path))[:, :, ::-1].copy()
    )
    _feature_extractor.Image = _Replaced(_pillow, open=read)


# torchreid calls ``evaluate_cy`` of this module where it was compiled; the registry's package
# ships without it.
_own_ranking = (getattr(_rank, 'evaluate_cy', None), _rank.IS_CYTHON_AVAI)


def set_ranking(function: Callable | None) -> None:
    """Let ``function`` do what torchreid's compiled ranking would; None: as torchreid came."""
    slot = _own_ranking if function is None else (function, True)
    _rank.evaluate_cy, _rank.IS_CYTHON_AVAI = slot


def ranking_is_replaced() -> bool:
    """Return whether :func:`set_ranking` has put another ranking in place."""
    return (_rank.evaluate_cy, _rank.IS_CYTHON_AVAI) != _own_ranking
