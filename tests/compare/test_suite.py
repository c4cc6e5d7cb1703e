"""Suite files: their content, and every way in which they cannot be used."""

import pytest
import yaml

from helpers.paths import CONFIGS
from midattr_plugin.compare.claims import Claim, Comparison
from midattr_plugin.compare.suite import load_suite
from midattr_plugin.errors import InputError

FOLDER = CONFIGS / 'compare'
SUITE = {
    'title': 'A title',
    'dataset': 'Market-1501',
    'config': 'base.yaml',
    'set': {'train.lr': 0.1, 'model.name': 'large'},
    'rows': [
        {'name': 'one', 'label': 'the first'},
        {
            'name': 'two',
            'set': {'train.lr': 0.2},
            'baseline': 'one',
            'published': {'global': {'rank-1': 80.0, 'mAP': 60.0}},
        },
        {'name': 'three', 'config': 'other.yaml', 'set': {'model.name': 'other'}},
    ],
    'reported': [{'name': 'APR', 'mAP': 64.67}],
    'select': {'midattr.mu': [1.0, 2.0]},
}


CLAIMS = [
    {
        'claim': 'It helps',
        'comparisons': [
            {'row': 'two', 'over': 'one'},
            {'row': 'three', 'over': 'one', 'descriptor': 'global', 'score': 'rank-1'},
        ],
    },
    {
        'claim': 'Fusing helps',
        'comparisons': [{'row': 'two', 'over': 'two', 'over_descriptor': 'local'}],
    },
]


def claim(**comparison):
    """Return claims of a single comparison, of the rows "two" and "one" if not said otherwise."""
    return {
        'claims': [{'claim': 'It', 'comparisons': [{'row': 'two', 'over': 'one'} | comparison]}]
    }


def write(folder, content, name='suite.yaml'):
    path = folder / name
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def row_of(suite, name):
    [row] = [row for row in suite.rows if row.name == name]
    return row


def test_rows(tmp_path):
    suite = load_suite(write(tmp_path, SUITE))
    assert (suite.name, suite.title, suite.dataset) == ('suite', 'A title', 'Market-1501')
    one, two, three = suite.rows
    assert (one.label, two.label) == ('the first', 'two')
    assert one.config == tmp_path / 'base.yaml' and three.config == tmp_path / 'other.yaml'
    assert one.settings == {'train.lr': 0.1, 'model.name': 'large'}
    assert two.settings == {'train.lr': 0.2, 'model.name': 'large'}
    assert three.settings == {'model.name': 'other'}  # the keys of the suite are for its base
    assert one.baseline is None and row_of(suite, 'two').baseline == 'one'
    assert two.published == {'global': {'rank-1': 80.0, 'mAP': 60.0}}
    assert suite.reported == ({'name': 'APR', 'mAP': 64.67},)
    assert suite.select == {'midattr.mu': [1.0, 2.0]}


def test_rows_of_another_suite(tmp_path):
    write(tmp_path, SUITE)
    small = {
        'rows_of': 'suite.yaml',
        'config': 'small.yaml',
        'set': {'model.name': 'large'},
        'replace': {'model.name': {'large': 'small'}},
        'rows': [{'name': 'four'}],
    }
    suite = load_suite(write(tmp_path, small, 'small_suite.yaml'))
    assert [row.name for row in suite.rows] == ['one', 'two', 'three', 'four']
    assert row_of(suite, 'one').settings == {'model.name': 'small'}
    assert row_of(suite, 'two').settings == {'model.name': 'small', 'train.lr': 0.2}
    assert row_of(suite, 'three').settings == {'model.name': 'other'}
    assert row_of(suite, 'one').config == tmp_path / 'small.yaml'
    assert suite.dataset == 'Market-1501' and len(suite.reported) == 1 and not suite.select


def test_some_rows_of_another_suite(tmp_path):
    write(tmp_path, SUITE)
    small = {'rows_of': 'suite.yaml', 'config': 'small.yaml', 'rows': [{'name': 'four'}]}
    suite = load_suite(write(tmp_path, small | {'only': ['two', 'one']}, 'small_suite.yaml'))
    assert [row.name for row in suite.rows] == ['two', 'one', 'four']
    with pytest.raises(InputError, match='only names "five", which is not a row .* one, two'):
        load_suite(write(tmp_path, small | {'only': ['five']}, 'small_suite.yaml'))


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'row': []}, 'unknown key "row"; choose from title'),
        ({'rows': []}, 'has no rows'),
        ({'rows': 3}, 'rows must be a list'),
        ({'rows': [{'label': 'x'}]}, 'row 1 has no name'),
        ({'rows': [{'name': '../x'}]}, '"../x" is not a usable row name'),
        ({'rows': {'name': 'a'}}, 'rows must be a list'),
        ({'rows': [3]}, 'row 1 has no name'),
        ({'rows': [{'name': True}]}, 'name must be text'),
        ({'rows': [{'name': 'a'}, {'name': 'a'}]}, 'two rows are named "a"'),
        ({'rows': [{'name': 'a'}, {'name': 'A'}]}, 'two rows are named "A" .ignoring case'),
        (
            {'rows': [{'name': 'a', 'baseline': 'b'}]},
            'row "a": its baseline "b" is not another row',
        ),
        (
            {'rows': [{'name': 'a', 'baseline': 'a'}]},
            'row "a": its baseline "a" is not another row',
        ),
        ({'rows': [{'name': 'a', 'sets': {}}]}, 'row "a": unknown key "sets"'),
        ({'rows': [{'name': 'a', 'set': [1]}]}, 'row "a": set must be a mapping'),
        (
            {'rows': [{'name': 'a', 'published': {'global': 3}}]},
            'published: global must be a mapping',
        ),
        (
            {'rows': [{'name': 'a', 'published': {'fussed': {}}}]},
            'unknown key "fussed"; choose from f',
        ),
        (
            {'rows': [{'name': 'a', 'published': {'global': {'mAP': 'high'}}}]},
            'row "a", published.global: mAP must be a number, not .high.',
        ),
        ({'rows': [{'name': 'a', 'published': {'global': {'rank1': 3}}}]}, 'unknown key "rank1"'),
        ({'reported': [{'mAP': 3}]}, 'an entry of reported has no name'),
        ({'reported': [{'name': 'X', 'mAP': '81%'}]}, 'reported "X": mAP must be a number'),
        ({'config': ['base.yaml']}, 'config must be text'),
        ({'replace': {'train.lr': 5}}, 'replace: train.lr must be a mapping'),
        ({'replace': {'train.lrr': {1: 2}}}, 'train.lrr is not a configuration key, did you mean'),
        ({'select': {'midattr.muu': [1]}}, 'midattr.muu is not a configuration key, did you mean'),
        ({'rows_of': ['x']}, 'rows_of must be text'),
        ({'select': {'midattr.mu': 3}}, 'select: midattr.mu must be a list'),
        ({'select': {'midattr.mu': []}}, 'select: midattr.mu has no values to try'),
        ({'reported': [{'name': None}]}, 'an entry of reported has no name'),
        ({'only': ['one']}, 'only chooses rows of another suite, but there is no rows_of'),
        ({'config': None}, 'row "one": neither the row nor the suite has a config'),
        ({'claims': 'It helps'}, 'claims must be a list'),
        ({'claims': [{'comparisons': []}]}, 'claim 1 does not say what it claims'),
        ({'claims': [{'claim': 'It'}]}, 'claim "It" has no comparisons; list some'),
        ({'claims': [{'claim': 'It', 'comparison': []}]}, 'unknown key "comparison"; choose from'),
        ({'claims': [{'claim': 'It', 'comparisons': [3]}]}, 'comparison 1 must be a mapping'),
        (claim(row='four'), 'claim "It": "four" is not a row of the suite; .* one, two, three'),
        (claim(over='four'), 'claim "It": "four" is not a row'),
        (claim(over=None), 'comparison 1 has no over; name the row that it is compared with'),
        (claim(over='two'), 'claim "It": row "two" is compared with itself'),
        (claim(over='two', descriptor='fused'), 'row "two" is compared with itself'),
        (claim(score='rank1'), 'comparison 1: score "rank1" is not one of rank-1, rank-5'),
        (claim(descriptor='fussed'), 'descriptor "fussed" is not one of fused, global'),
        (claim(over_descriptor='x'), 'over_descriptor "x" is not one of fused, global'),
        (claim(score=3.5), 'score "3.5" is not one of'),
        ({'rows_of': 'nowhere.yaml'}, r'nowhere.yaml" cannot be read'),
    ],
)
def test_invalid_suites(tmp_path, change, words):
    with pytest.raises(InputError, match=words):
        load_suite(write(tmp_path, SUITE | change))


def test_repeated_key(tmp_path):
    text = yaml.safe_dump(SUITE) + 'title: again\n'
    with pytest.raises(InputError, match=r'not valid YAML .*"title" is given twice.*line'):
        load_suite(write(tmp_path, text))


def test_shared_keys(tmp_path):
    """YAML's own way of sharing keys does not count as a repetition."""
    suite = load_suite(
        write(
            tmp_path,
            """
config: base.yaml
rows:
  - {name: one, set: &shared {train.lr: .1, train.seed: 3}}
  - {name: two, set: {<<: *shared, train.lr: .2}}
replace: {train.seed: }
""",
        )
    )
    assert row_of(suite, 'two').settings == {'train.lr': 0.2, 'train.seed': 3}


def test_numbers_are_names(tmp_path):
    rows = [{'name': 4.1}, {'name': 5, 'baseline': 4.1}]
    suite = load_suite(write(tmp_path, SUITE | {'rows': rows}))
    assert [(row.name, row.label, row.baseline) for row in suite.rows] == [
        ('4.1', '4.1', None),
        ('5', '5', '4.1'),
    ]
    other = {'rows_of': 'suite.yaml', 'config': 'base.yaml', 'only': [4.1]}
    assert load_suite(write(tmp_path, other, 'other.yaml')).rows[0].name == '4.1'


def test_published_scores_stay_with_their_dataset(tmp_path):
    write(tmp_path, SUITE)
    other = {'rows_of': 'suite.yaml', 'config': 'duke.yaml', 'dataset': 'DukeMTMC-reID'}
    suite = load_suite(write(tmp_path, other, 'duke_suite.yaml'))
    assert suite.dataset == 'DukeMTMC-reID' and suite.reported == ()
    assert not any(row.published for row in suite.rows)


def test_suite_in_another_folder(tmp_path):
    write(tmp_path, SUITE)
    (tmp_path / 'mine').mkdir()
    mine = {'rows_of': '../suite.yaml', 'config': 'base.yaml'}
    suite = load_suite(write(tmp_path, mine, 'mine/suite.yaml'))
    assert row_of(suite, 'one').config == tmp_path / 'mine/base.yaml'
    assert row_of(suite, 'three').config.resolve() == tmp_path / 'other.yaml'


def test_rows_of_rows_of(tmp_path):
    write(tmp_path, SUITE)
    write(tmp_path, {'rows_of': 'suite.yaml', 'config': 'base.yaml'}, 'second.yaml')
    third = write(tmp_path, {'rows_of': 'second.yaml', 'config': 'base.yaml'}, 'third.yaml')
    with pytest.raises(InputError, match='rows_of names .*second.yaml", which itself takes'):
        load_suite(third)


@pytest.mark.parametrize(
    ('text', 'words'), [('a: [', 'is not valid YAML'), ('3', 'must be a mapping')]
)
def test_file_that_is_not_a_suite(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        load_suite(write(tmp_path, text))


def test_unknown_suite_names_those_there_are():
    with pytest.raises(InputError, match=r'none.yaml" cannot be read .*paper_market.yaml'):
        load_suite(FOLDER / 'none.yaml')


def test_base_that_comes_with_the_package(tmp_path):
    """A file beside the suite wins; a name of the package's is found from any folder."""
    suite = write(tmp_path, SUITE | {'config': 'midattr_demo.yaml'})
    row = SUITE['rows'][0]['name']
    assert row_of(load_suite(suite), row).config == CONFIGS / 'midattr_demo.yaml'
    beside = write(tmp_path, {}, 'midattr_demo.yaml')
    assert row_of(load_suite(suite), row).config == beside
    suite = write(tmp_path, SUITE | {'config': 'nowhere.yaml'})
    assert row_of(load_suite(suite), row).config == tmp_path / 'nowhere.yaml'


def test_claims(tmp_path):
    claims = load_suite(write(tmp_path, SUITE | {'claims': CLAIMS})).claims
    assert claims == (
        Claim(
            'It helps',
            (
                Comparison('two', 'one'),
                Comparison('three', 'one', 'rank-1', 'global', 'global'),
            ),
        ),
        Claim('Fusing helps', (Comparison('two', 'two', over_descriptor='local'),)),
    )
    assert [str(item) for item in claims[0].comparisons] == [
        'two over one',
        'three, global over one, global',
    ]
    suite = load_suite(write(tmp_path, SUITE | {'claims': CLAIMS}))
    assert suite.compared_rows == [('two', 'one'), ('three', 'one')]
    assert load_suite(write(tmp_path, SUITE)).claims == ()


def test_claims_of_another_suite_are_taken_with_their_rows(tmp_path):
    write(tmp_path, SUITE | {'claims': CLAIMS})
    small = {'rows_of': 'suite.yaml', 'config': 'small.yaml'}
    whole = load_suite(write(tmp_path, small, 'whole.yaml'))
    assert len(whole.claims) == 2 and whole.claims_note == ''
    part = load_suite(write(tmp_path, small | {'only': ['two', 'one']}, 'part.yaml'))
    assert part.claims == (Claim('It helps', (Comparison('two', 'one'),)), whole.claims[1])
    assert part.claims_note == (
        'Not among the rows, so not tested: three, global over one, global (It helps).'
    )
    none = load_suite(write(tmp_path, small | {'only': ['one']}, 'none.yaml'))
    assert none.claims == () and 'two over one (It helps)' in none.claims_note


def test_own_claims_replace_those_of_another_suite(tmp_path):
    write(tmp_path, SUITE | {'claims': CLAIMS})
    own = {'rows_of': 'suite.yaml', 'config': 'small.yaml'} | claim()
    suite = load_suite(write(tmp_path, own, 'own.yaml'))
    assert suite.claims == (Claim('It', (Comparison('two', 'one'),)),)
    assert suite.claims_note == 'The claims are those of this suite, not those of suite.yaml.'
    suite = load_suite(write(tmp_path, own | {'claims': []}, 'own.yaml'))
    assert suite.claims == () and suite.claims_note


def test_published_scores_belong_to_the_base_of_their_suite(tmp_path):
    write(tmp_path, SUITE)
    small = {
        'rows_of': 'suite.yaml',
        'config': 'small.yaml',
        'set': {'train.max_epoch': 1},
        'replace': {'train.lr': {0.2: 0.3}},
        'rows': [{'name': 'four', 'set': {'train.lr': 0.2}}],
    }
    suite = load_suite(write(tmp_path, small, 'small_suite.yaml'))
    two, three, four = (row_of(suite, name) for name in ('two', 'three', 'four'))
    assert two.settings == {'train.max_epoch': 1, 'train.lr': 0.3}
    assert two.published_settings == {'train.lr': 0.2}
    assert two.published_config == tmp_path / 'base.yaml'
    assert three.published_config == tmp_path / 'other.yaml'
    assert four.published_config == tmp_path / 'small.yaml'
    assert four.published_settings == {'train.lr': 0.2}
