import pytest
from torch.utils.data import DataLoader, Dataset

from midattr_plugin.errors import InputError


class Broken(Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        raise InputError('"a.jpg" is truncated; copy it again')


def test_sentence():
    assert InputError('what is wrong').sentence == 'what is wrong'


def test_sentence_survives_a_worker_process():
    with pytest.raises(InputError) as caught:
        next(iter(DataLoader(Broken(), num_workers=1)))
    assert 'Traceback' in str(caught.value)
    assert caught.value.sentence == '"a.jpg" is truncated; copy it again'
