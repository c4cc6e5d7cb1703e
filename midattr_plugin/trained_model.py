"""A trained model from its checkpoint, with no dataset at hand."""

import os

import torch
from torch import Tensor, nn

from midattr_plugin.engine.checkpoint_content import sound_content
from midattr_plugin.engine.checkpoint_file import read_checkpoint, restore_model
from midattr_plugin.engine.chosen_on import choice_note, chosen_on
from midattr_plugin.errors import InputError
from midattr_plugin.models.spec import ModelSpec

_FILE_REMEDY = 'give the config.yaml that lies in the folder of its training as config_file'
_OWN_REMEDY = (
    'its model is not built as its description says: build it as its training did, or test it with '
    'midattr-train and test.evaluate True'
)
_CLASSIFIERS = ('classifier.weight', 'classifier_part.weight')


def load_model(path: str | os.PathLike, config_file: str | os.PathLike | None = None) -> nn.Module:
    """Return a trained model in eval mode, on the CPU.

    ``model.preprocess`` turns a PIL image into the tensor (3, H, W) that the model expects, and
    ``model.spec`` says what it was built from. ``model.chosen_on`` says on what its epoch was
    chosen, in the words of :mod:`midattr_plugin.engine.chosen_on`; a note is printed if its score
    on the test images is therefore too high. ``model.trained_on_rendered`` says whether rendered
    images were among those that it was trained on (None: not known). A model of this project is
    called as ``model(images, return_dict=True)``; see :class:`MidAttrNet`.

    Args:
        path: a checkpoint that a training of this project wrote.
        config_file: configuration of that training (``config.yaml`` in its folder); only needed
            for checkpoints of version 0.1 and of torchreid, which do not describe their model.

    Raises:
        InputError: the file cannot be used, does not describe its model and no configuration
            is given, or describes another one than the configuration.
    """
    path = os.fspath(path)
    checkpoint = read_checkpoint(path)
    with sound_content(path):
        spec = _spec(checkpoint, path, config_file)
        model = spec.build()
        restore_model(model, checkpoint, path, _FILE_REMEDY if config_file else _OWN_REMEDY)
        model.spec = spec
        model.preprocess = spec.preprocess()
    images = checkpoint.get('training_images') or {}
    model.trained_on_rendered = bool(images.get('rendered_as')) if images else None
    model.chosen_on = chosen_on(checkpoint, path)
    if note := choice_note(model.chosen_on):
        print(note)
    return model.eval()


def _spec(checkpoint: dict, path: str, config_file: str | os.PathLike | None) -> ModelSpec:
    content = checkpoint.get('model')
    if config_file is not None:
        spec = _spec_of_config(config_file, checkpoint['state_dict'], path)
        if content is not None:
            _check_same(spec, ModelSpec.from_dict(content), config_file, path)
        return spec
    if content is None:
        raise InputError(
            f'checkpoint "{path}" does not say which model it is of (name, number of identities, '
            'options, attributes, size of the images), because it was written by version 0.1 or '
            'without this project; give the configuration of its training: load_model(path, '
            'config_file="config.yaml")'
        )
    return ModelSpec.from_dict(content)


def _check_same(
    given: ModelSpec, own: ModelSpec, config_file: str | os.PathLike, path: str
) -> None:
    ours, theirs = own.as_dict(), given.as_dict()
    for content in (ours, theirs):
        content |= content.pop('options')
    # an earlier version lacks the options that came later
    differing = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    if differing:
        raise InputError(
            f'checkpoint "{path}" describes another model than "{config_file}" (they differ in '
            f'{", ".join(differing)}); leave config_file out'
        )


def _spec_of_config(
    config_file: str | os.PathLike, state: dict[str, Tensor], path: str
) -> ModelSpec:
    from midattr_plugin.build import model_spec  # which few users of a trained model need
    from midattr_plugin.config import load_config

    sizes = [state[name].shape[0] for name in _CLASSIFIERS if name in state]
    if not sizes:
        raise InputError(
            f'checkpoint "{path}" has no classifier of identities, so that their number is not '
            'known; use a checkpoint of a training'
        )
    # what only a training needs, e.g. a sampler that fits its loss, is not asked for in a test
    test = ['test.evaluate', True, 'model.load_weights', path, 'model.resume', '']
    with torch.random.fork_rng(devices=[]):
        return model_spec(load_config(config_file, ['use_gpu', False, *test]), sizes[0])
