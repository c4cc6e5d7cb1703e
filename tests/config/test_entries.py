import pytest

from midattr_plugin.config.entries import Entry, entries_from_file, entries_from_pairs
from midattr_plugin.errors import InputError

SECTIONS = {'train', 'loss', 'loss.softmax'}


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / 'a.yaml'
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return entries_from_file(path, SECTIONS)

    return read_text


def test_keys_values_and_lines(read, tmp_path):
    entries = read('# comment\ntrain:\n  lr: 0.1\n\nloss:\n  softmax:\n    smooth: [a, 1]\nx: 2\n')
    assert [(entry.key, entry.value) for entry in entries] == [
        ('train.lr', 0.1),
        ('loss.softmax.smooth', ['a', 1]),
        ('x', 2),
    ]
    assert [entry.where for entry in entries] == [
        f'{tmp_path}/a.yaml, line {line}' for line in (3, 7, 8)
    ]


def test_mapping_below_no_section_is_a_value(read):
    assert [(entry.key, entry.value) for entry in read('other: {a: {b: 1}}')] == [
        ('other', {'a': {'b': 1}})
    ]


def test_full_keys_and_references(read):
    entries = read('train.lr: 1\ntrain: {a: &names [x, y], b: *names}\n')
    assert [(entry.key, entry.value) for entry in entries] == [
        ('train.lr', 1),
        ('train.a', ['x', 'y']),
        ('train.b', ['x', 'y']),
    ]


@pytest.mark.parametrize('text', ['', '---\n', 'train:\n', 'loss: {softmax: }\n'])
def test_nothing_set(read, text):
    assert read(text) == []


@pytest.mark.parametrize(
    'text, message',
    [
        ('train: [1', r'a\.yaml, line 1: this is not valid YAML'),
        ('train:\n\tlr: 1\n', r'a\.yaml, line 2: this is not valid YAML'),
        ('a: 1\n---\nb: 1\n', 'not valid YAML'),
        ('train: {lr: !!python/object:os.system x}', 'not valid YAML'),
        ('train: {lr: 2018-99-99}', 'not valid YAML'),
        ('train: {lr: &a [*a]}', 'not valid YAML'),
        ('a: \x00', 'not valid YAML'),
        ('[' * 1500, 'not valid YAML'),
        ('- train\n', 'a mapping of sections'),
        ('train', 'a mapping of sections'),
        ('train: {lr: 1, lr: 2}', r'train\.lr was set before, at .*line 1'),
        ('train:\n  lr: 1\nloss: {}\ntrain:\n  lr: 2\n', r'line 5: train\.lr .* line 2'),
        (b'train: {lr: \xff\xfe}', 'UTF-8'),
    ],
)
def test_unusable_file(read, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read(text)
    assert '\n' not in str(caught.value)


def test_sections_given_twice_are_joined(read):
    assert [entry.key for entry in read('train: {a: 1}\ntrain: {b: 1}\n')] == ['train.a', 'train.b']


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r'none\.yaml: .*No such file'):
        entries_from_file(tmp_path / 'none.yaml', SECTIONS)
    with pytest.raises(InputError, match='cannot be read'):
        entries_from_file(tmp_path, SECTIONS)


def test_pairs():
    assert entries_from_pairs([]) == []
    assert entries_from_pairs(['a.b', "'1'", 'c', [2]], 'here') == [
        Entry('a.b', '1', 'here'),
        Entry('c', [2], 'here'),
    ]
    assert entries_from_pairs(['a', 'age=res4f'])[0].value == 'age=res4f'


@pytest.mark.parametrize(
    'items, message',
    [
        (['train.lr'], r'train\.lr is left over in `train\.lr`'),
        (['train.lr', 1, 'train.seed'], r'train\.seed is left over in `train\.lr 1 train\.seed`'),
        (['train.lr=1'], r'`train\.lr 1`'),
        (['train.seed', '1', 'train.lr='], r'`train\.lr \.\.\.`'),
    ],
)
def test_broken_pairs(items, message):
    with pytest.raises(InputError, match=message):
        entries_from_pairs(items)
