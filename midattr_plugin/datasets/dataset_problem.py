"""What is wrong with a dataset, from the exception with which its class ended."""

import traceback

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.image_name import FOLDER_LIKE_NAME, folder_like_name
from midattr_plugin.errors import InputError

_SPLITS = {'train': 'training', 'query': 'query', 'gallery': 'gallery'}


def dataset_problem(error: Exception) -> InputError | None:
    """Return a sentence for an error that torchreid's dataset classes raise for bad data.

    torchreid asserts, or fails on what it did not find. The frames of the error tell the file.

    Args:
        error: raised while a dataset was made.

    Returns:
        None for an error of another origin, e.g. of a user's class.
    """
    frames = [
        frame
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if torchreid_compat.is_torchreids_dataset_code(frame.f_code.co_filename)
    ]
    makers = [frame for frame in frames if 'self' in frame.f_locals]
    if not makers:
        return None
    frame = frames[-1]
    kind = type(makers[0].f_locals['self'])
    name = f'dataset {kind.__name__}'
    reason = ' '.join(f'{type(error).__name__}: {error}'.split())
    if frame.f_code.co_name == '__init__' and isinstance(error, IndexError):
        empty = [what for split, what in _SPLITS.items() if not frame.f_locals.get(split, True)]
        if empty:
            return InputError(
                f'{name} has no {empty[0]} images; put them into its folder, with the names and '
                'the ending that its class looks for'
            )
    if frame.f_code.co_name == '_combine_data' and isinstance(error, KeyError):
        return InputError(
            f'data.combineall: identity {frame.f_locals["pid"]} of query '
            f'"{frame.f_locals["img_path"]}" of {name} has no image in the gallery; set it to '
            'False, or remove the query'
        )
    if not torchreid_compat.is_torchreids(kind):
        return None
    image = frame.f_locals.get('img_path')
    if isinstance(image, str) and FOLDER_LIKE_NAME.search(image):
        return folder_like_name(image)
    where = f' at image "{image}"' if isinstance(image, str) else ''
    return InputError(
        f'{name} of torchreid cannot be read{where} ({reason}); '
        + ('remove or rename that file' if where else 'put all of its files below data.root')
    )
