"""Annotations of public datasets in their layout, made up, with noise images.

Cells and structures are nested as in the files of the authors: what MATLAB calls a cell of 1 x 1
is an array of objects of the shape (1, 1).
"""

from pathlib import Path

import numpy as np
from scipy.io import savemat

from helpers.fake_market import write_image

COUNT = 12
TRAIN, VAL, TEST = [1, 4, 7, 10, 2, 5], [8, 11], [3, 6, 9, 12]  # from 1, as MATLAB counts


def cell(values, shape=(-1, 1)):
    """Return a cell array."""
    array = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        array[index] = value
    return array.reshape(shape)


def made_up_labels(columns, low=0, high=2, seed=0):
    """Return labels (COUNT, columns), of which each column has both classes everywhere."""
    labels = np.random.default_rng(seed).integers(low, high, (COUNT, columns))
    labels[[0, 2]], labels[[3, 5]] = 0, 1  # of train and test
    return labels.astype(np.uint8)


def write_images(folder: Path, names):
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(folder / name, seed=number)


def write_pa100k(root: Path, columns=26, images='data'):
    """Write PA-100K with 6, 2 and 4 images, and return its labels (COUNT, columns)."""
    labels = made_up_labels(columns)
    names = [f'{number:06}.jpg' for number in range(1, COUNT + 1)]
    write_images(root / images, names)
    sizes = {'train': slice(0, 6), 'val': slice(6, 8), 'test': slice(8, 12)}
    content = {'attributes': cell([f'Attribute{i}' for i in range(columns)])}
    for split, rows in sizes.items():
        content[f'{split}_images_name'] = cell(names[rows])
        content[f'{split}_label'] = labels[rows]
    savemat(root / 'annotation.mat', content)
    return labels


def partitions(names, vectors, count=5):
    """Return (count, 1) partitions; those behind the first one have other images."""
    made = []
    for shift in range(count):
        moved = [[(index - 1 + shift) % COUNT + 1 for index in vector] for vector in vectors]
        made.append(
            {name: np.array(vector)[:, None] for name, vector in zip(names, moved, strict=True)}
        )
    return cell(made)


def write_peta(root: Path, columns=105, **others):
    """Write PETA, with other fields if any are given, and return its labels (COUNT, columns)."""
    labels = made_up_labels(columns)
    write_images(root / 'images', [f'{number:05}.png' for number in range(1, COUNT + 1)])
    data = np.concatenate([np.full((COUNT, 4), 7, np.uint8), labels], axis=1)
    names = cell([x for i in range(columns) for x in (f'attribute{i}', f'name{i}')], (-1, 2))
    fields = {
        'data': data,
        'attribute': names,
        'selected_attribute': np.arange(1, 36),
        'partion': partitions(('train', 'val', 'test'), (TRAIN, VAL, TEST)),
    }
    savemat(root / 'PETA.mat', {'peta': fields | others})
    return labels


def rap_names():
    return [f'CAM01-{number:04}.png' for number in range(1, COUNT + 1)]


def write_rap_v1(root: Path, columns=92):
    """Write RAP, version 1, and return its labels (COUNT, columns)."""
    labels = made_up_labels(columns)
    write_images(root / 'RAP_dataset', rap_names())
    fields = {
        'partion': partitions(('train_index', 'test_index'), (TRAIN + VAL, TEST)),
        'label': labels,
        'attribute_chinese': cell(['x'] * columns),
        'attribute_eng': cell([f'attribute{i}' for i in range(columns)]),
        'position': np.zeros((COUNT, 16)),
        'imagesname': cell(rap_names()),
        'attribute_exp': cell([f'other{i}' for i in range(51)]),
    }
    (root / 'RAP_annotation').mkdir()
    savemat(root / 'RAP_annotation/RAP_annotation.mat', {'RAP_annotation': fields})
    return labels


SELECTED = [152, *range(1, 54)]


def write_rap_v2(root: Path, columns=152):
    """Write RAP, version 2, and return its labels (COUNT, columns), with 2 for unknown."""
    labels = made_up_labels(columns, high=3)
    write_images(root / 'RAP_dataset', rap_names())
    names = ('test_index', 'train_index', 'val_index')
    fields = {
        'name': cell(rap_names()),
        'data': labels,
        'attribute': cell([f'attribute{i}' for i in range(columns)]),
        'selected_attribute': np.array([SELECTED]),
        'partition_attribute': partitions(names, (TEST, TRAIN, VAL)).reshape(1, 5),
        'person_identity': np.full((COUNT, 1), -1),
    }
    (root / 'RAP_annotation').mkdir()
    savemat(root / 'RAP_annotation/RAP_annotation.mat', {'RAP_annotation': fields})
    return labels


def write_upar(root: Path, header='{names}', first='# ', folder='phase1'):
    """Write UPAR, and return its labels (COUNT, 40)."""
    labels = made_up_labels(40)
    paths = [
        f'{("Market1501/bounding_box_train", "PA100k/release_data", "PETA/images")[i % 3]}/{i}.jpg'
        for i in range(COUNT)
    ]
    write_images(root, paths)
    names = f'{first}Age-Young,' + ','.join(f'Attribute-{i}' for i in range(1, 40))
    lines = [header.format(names=names)]
    lines += [','.join([p, *map(str, row)]) for p, row in zip(paths, labels.tolist(), strict=True)]
    (root / folder / 'train').mkdir(parents=True)
    (root / folder / 'train/train.csv').write_text('\n'.join(lines) + '\n')
    return labels
