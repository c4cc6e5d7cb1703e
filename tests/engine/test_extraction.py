"""Extraction of a split: its rows, what it refuses, and what it holds on to."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from helpers.paths import PROJECT
from helpers.stub_targets import descriptors
from midattr_plugin.engine.extraction import extract_split
from midattr_plugin.errors import InputError


def describe(data):
    return data['img'], data['pid'], data['camid']


def extract(loader, **options):
    return extract_split(loader, len(loader.dataset), describe, 'gallery of stub', **options)


def test_rows_are_in_the_order_of_the_loader():
    images = descriptors(23)
    images.pids[5] = 2**40  # more than 32 bits
    split = extract(DataLoader(images, 4))
    assert torch.equal(split.features, images.features)
    assert split.pids.tolist() == images.pids and split.pids.dtype == np.int64
    assert split.camids.tolist() == images.camids and split.camids.dtype == np.int64


def test_the_type_of_the_descriptors_stays():
    images = descriptors(5)
    images.features = images.features.bfloat16()
    assert extract(DataLoader(images, 2)).features.dtype == torch.bfloat16


@pytest.mark.parametrize(
    'options, message',
    [
        ({'drop_last': True}, 'gives 12 of its 14 images, .+without drop_last'),
        ({'sampler': range(9)}, 'gives 9 of its 14 images'),
        ({'sampler': [*range(14), 3]}, 'gives more than its 14 images'),
        ({'sampler': []}, 'gives 0 of its 14 images'),
    ],
)
def test_a_loader_that_does_not_give_each_image_once(options, message):
    with pytest.raises(InputError, match=message):
        extract(DataLoader(descriptors(14), 4, **options))


def test_no_images():
    with pytest.raises(InputError, match='the gallery of stub has no images'):
        extract_split([], 0, describe, 'gallery of stub')


@pytest.mark.parametrize('rows', [slice(0, 1), slice(0, 3), 0])
def test_a_descriptor_for_each_image(rows):
    """One that is missing would be made up for by repeating another."""
    batches = DataLoader(descriptors(4), 4)
    with pytest.raises(ValueError, match=r'extract_features returns \(.+\) for 4 images'):
        extract_split(
            batches, 4, lambda data: (data['img'][rows], data['pid'], data['camid']), 'gallery'
        )


@pytest.mark.parametrize('value', [float('nan'), float('inf'), -float('inf')])
def test_descriptors_that_are_no_numbers(value):
    images = descriptors(9)
    images.features[7, 1] = value
    with pytest.raises(FloatingPointError, match='descriptors of the gallery of stub'):
        extract(DataLoader(images, 4))


COUNTED = """
import os, sys
sys.path.insert(0, 'tests')
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
from torch import nn
from helpers.stub_targets import datamanager, descriptors, with_model
from midattr_plugin import MARKET1501, torchreid_compat
from midattr_plugin.engine import attribute_recorder, evaluation
import torch

class Recording(evaluation.EvaluationMixin, torchreid_compat.Engine):
    def parse_data_for_eval(self, data):
        data['attrs'] = data['img'][:, :len(MARKET1501)].long() * 0
        self.recorder.add_batch(data)
        return super().parse_data_for_eval(data)

    def extract_features(self, images):
        self.recorder.add_output({name: images[:, :2] for name in MARKET1501.names})
        self.seen += 1
        if self.seen in (50, 2000):
            self.counts.append(len(os.listdir('/proc/self/fd')))
        return images

engine = with_model(
    Recording(
        datamanager(
            descriptors(2, (16,)),
            descriptors(2020, (16,)),
            batch_size=1,
            num_workers=1,
            prefetch_factor=1,
        ),
        use_gpu=False,
    )
)
engine.recorder = attribute_recorder.AttributeRecorder(MARKET1501, MARKET1501)
engine.seen, engine.counts = 0, []
engine.test()
print('open files:', *engine.counts)
"""


@pytest.mark.skipif(not os.path.isdir('/proc/self/fd'), reason='counts what Linux lists')
def test_open_files_do_not_grow_with_the_batches():
    """With 128 that may be open, and a worker process, whose tensors hold one each."""
    result = subprocess.run(
        [sys.executable, '-c', COUNTED],
        cwd=PROJECT,
        env=os.environ | {'PYTHONPATH': str(PROJECT), 'OMP_NUM_THREADS': '1'},
        text=True,
        capture_output=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    print(result.stdout[result.stdout.index('open files:') :])
    after_50, after_2000 = map(int, result.stdout.split('open files:')[1].split())
    assert abs(after_2000 - after_50) <= 10  # of the batches that are on their way
