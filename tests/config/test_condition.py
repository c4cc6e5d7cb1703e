import pytest

from midattr_plugin.config.condition import condition, has_item, is_above, is_one_of

SGD, FEW = is_one_of('optim', 'sgd', 'adam'), is_above('epochs', 2)


@pytest.mark.parametrize(
    'made, words, values, unmet',
    [
        (SGD, 'optim is sgd or adam', {'optim': 'adam'}, ''),
        (SGD, 'optim is sgd or adam', {'optim': 'x'}, 'optim is sgd or adam'),
        (is_one_of('a', 1, 2, 3), 'a is 1, 2 or 3', {'a': 3}, ''),
        (is_one_of('a', True), 'a is True', {'a': False}, 'a is True'),
        (FEW, 'epochs is above 2', {'epochs': 3}, ''),
        (FEW, 'epochs is above 2', {'epochs': 2}, 'epochs is above 2'),
        (has_item('list', 'x'), 'list has x', {'list': ['x']}, ''),
        (has_item('list', 'x'), 'list has x', {'list': []}, 'list has x'),
        (condition('it rains', lambda values: values['wet']), 'it rains', {'wet': True}, ''),
    ],
)
def test_one_clause(made, words, values, unmet):
    assert made.words == words
    assert made.unmet(values) == unmet


@pytest.mark.parametrize(
    'values, of_both, of_either',
    [
        ({'optim': 'sgd', 'epochs': 3}, '', ''),
        ({'optim': 'x', 'epochs': 3}, 'optim is sgd or adam', ''),
        ({'optim': 'sgd', 'epochs': 1}, 'epochs is above 2', ''),
        (
            {'optim': 'x', 'epochs': 1},
            'optim is sgd or adam and epochs is above 2',
            'optim is sgd or adam, or epochs is above 2',
        ),
    ],
)
def test_joined(values, of_both, of_either):
    assert (SGD & FEW).unmet(values) == of_both
    assert (SGD | FEW).unmet(values) == of_either
    assert (SGD & FEW).words == 'optim is sgd or adam and epochs is above 2'
    assert (SGD | FEW).words == 'optim is sgd or adam, or epochs is above 2'
