"""The report names its data, holds every result row, and opens offline."""

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from torch.utils.tensorboard import SummaryWriter

from helpers.fake_queries import add_queries, made_up_queries
from helpers.fake_runs import ROWS, TARGET, change_results, write_runs
from midattr_plugin.compare.report import write_report
from midattr_plugin.compare.table_cells import Table


class Page(HTMLParser):
    """Tables as lists of rows of cells, those of gain and cost apart, and all attributes."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.attributes, self._cell = [], [], False
        self.feed(text)
        self.gains = [table for table in self.tables if 'beyond its interval' in table[0]]
        self.tables = [table for table in self.tables if table not in self.gains]

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        if tag == 'table':
            self.tables.append([])
        elif tag == 'tr':
            self.tables[-1].append([])
        elif tag in ('td', 'th'):
            self.tables[-1][-1].append('')
            self._cell = True

    def handle_endtag(self, tag):
        self._cell &= tag not in ('td', 'th')

    def handle_data(self, data):
        if self._cell:
            self.tables[-1][-1][-1] += data


def add_learned_weights(results):
    results.extra['layer_weights'] = {'hat': {'res3d': 0.75, 'res4f': 0.25}}
    results.extra['task_weights'] = {'global': 1.5, 'hat': 4.0}


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    """CSV, Markdown and HTML of one report."""
    suite, runs, out = write_runs(tmp_path_factory.mktemp('written'), curves=True)
    for run in runs:
        if run.row.name == 'more':
            change_results(run, add_learned_weights)
    paths = write_report(suite, runs, {runs[1]: 'ran out of <luck>'}, out)
    assert [path.name for path in paths] == ['results.csv', 'report.md', 'report.html']
    return [path.read_text() for path in paths]


def test_data_is_named_first(written):
    for text in written[1:]:
        start = text.index('RENDERED images')
        assert start < text.index('43.0') and 'cannot be compared with published scores' in text
    assert 'FAILED: row more, seed 1: ran out of &lt;luck&gt;' in written[2]
    assert '<h1>Made &lt;up&gt;</h1>' in written[2] and '# Made <up>' in written[1]


def test_which_epochs_are_tested(tmp_path):
    """The last ones; a run that was resumed from -best for its final test is named."""
    suite, runs, out = write_runs(tmp_path)
    write_report(suite, runs, {}, out)
    assert 'Scores are those of the last epoch of each run' in (out / 'report.md').read_text()
    change_results(runs[1], lambda results: setattr(results, 'chosen_on', 'test'))
    write_report(suite, [replace(run) for run in runs], {}, out)
    text = (out / 'report.md').read_text()
    assert (
        'of the last epoch' not in text
        and 'are too high if they were chosen on the test images' in text
    )
    assert f'row {runs[1].row.name}, seed {runs[1].seed}, on the test images' in text


def test_the_gpu_of_a_machine_is_named_only_if_it_was_used(tmp_path, monkeypatch):
    suite, runs, out = write_runs(tmp_path)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    write_report(suite, runs, {}, out)
    assert f'with torch {torch.__version__} on CPU.' in (out / 'report.md').read_text()


def test_tables(written):
    results, differences, fusion, published, cost, layers, losses = Page(written[2]).tables
    head, *rows = results
    assert head == [
        'row',
        'description',
        'descriptor',
        'rank-1',
        'mAP',
        'mAP_zheng2015',
        'balanced_accuracy',
        'seeds',
    ]
    assert rows[3] == [
        'more',
        'with',
        'fused',
        '60.5 ± 4.9',
        '50.5 ± 4.9',
        '49.5 ± 4.9',
        '70.0 ± 0.0',
        '2',
    ]
    assert differences[1][:4] == ['more', 'with', 'fused', 'plain, fused']
    assert differences[1][5].startswith('+7.5 [') and '*' not in differences[1][5]
    assert fusion[3][:3] == ['more', 'with', 'global'] and fusion[3][4:] == [
        '+0.0 [+0.0, +0.0]',
        '2',
        'seeds',
    ]
    assert fusion[4][2] == 'local' and fusion[4][4].startswith('+1.0 [')
    assert published[1][-3:] == ['not comparable', 'not comparable', 'the images are rendered']
    assert published[2][1] == 'APR'
    # batches of 4 in half a second
    assert cost[1][2:] == ['1,234', '0.005 G', '8.0', '90.0']
    assert layers == [['attribute', 'res3d', 'res4f'], ['hat', '0.750', '0.250']]
    assert losses == [['loss', 'more'], ['global', '1.500'], ['hat', '4.000']]
    # no score of ours below a heading with the name of the dataset
    assert all(
        'Market-1501' not in cell
        for table in (results, differences, fusion, cost, layers, losses)
        for cell in table[0]
    )
    assert {'50.5', '60.5'}.isdisjoint(cell for row in published for cell in row)


def test_rows_of_different_starts_are_not_compared_without_a_word(tmp_path):
    suite, runs, out = write_runs(tmp_path)
    assert 'DIFFERENT STARTS' not in write_report(suite, runs, {}, out)[1].read_text()
    for start in ('random', 'pretrained'):
        for run in runs:
            if run.row.name == 'more' or start == 'random':
                change_results(
                    run, lambda results, start=start: setattr(results, 'started_from', start)
                )
        for run in runs:  # read again
            run.__dict__.pop('results', None)
        paths = write_report(suite, runs, {}, out)
        text = paths[1].read_text()
        assert ('DIFFERENT STARTS' in text) == (start == 'pretrained')
    assert 'they started from: random: plain; pretrained: more.' in text
    cost = Page(paths[2].read_text()).tables[4]
    assert cost[0][-1] == 'started from'
    assert [row[-1] for row in cost[1:]] == ['random', 'pretrained']
    assert paths[0].read_text().splitlines()[0].endswith(',multiply-adds,started from')


def test_settings_without_an_effect_are_named(tmp_path):
    suite, runs, out = write_runs(tmp_path)  # the base has part_dim 8, which both rows read
    assert 'No effect' not in write_report(suite, runs, {}, out)[1].read_text()
    for run in runs:
        run.cfg.defrost()
        if run.row.name == 'plain':
            run.cfg.midattr.focal_gamma = 3.0
    text = write_report(suite, runs, {}, out)[1].read_text()
    assert 'No effect in plain: midattr.focal_gamma 3.0 (read only if ' in text
    for run in runs:
        run.cfg.midattr.focal_gamma = 2.0  # the default
        run.cfg.rmsprop.alpha = 0.5
    text = write_report(suite, runs, {}, out)[1].read_text()
    assert 'No effect in plain, more: rmsprop.alpha 0.5 (read only if train.optim is rm' in text
    assert text.count('No effect') == 1


def test_markdown_has_the_same_rows(written):
    lines = [
        [cell.strip() for cell in line.strip('|').split('|')]
        for line in written[1].splitlines()
        if line.startswith('|')
    ]
    for table in Page(written[2]).tables:
        for row in table:
            assert row in lines


def test_labels_cannot_break_the_markdown(tmp_path):
    rows = [ROWS[0], ROWS[1] | {'label': 'a | b\nc'}]
    suite, runs, out = write_runs(tmp_path, rows=rows)
    text = write_report(suite, runs, {}, out)[1].read_text()
    assert r'| more | a \| b c | fused | 60.5 ± 4.9 | 50.5' in text


def add_rendered_target(results):
    results.reid['demo'] = results.reid[TARGET]
    results.rendered['demo'] = True


def test_targets_do_not_mix(tmp_path):
    suite, runs, out = write_runs(tmp_path, rendered=False)
    for run in runs:
        change_results(run, add_rendered_target)
    page = write_report(suite, runs, {}, out)[2].read_text()
    assert page.index('Results (market1501_attr, real images)') < page.index(
        'Results (demo, rendered images)'
    )
    tables = Page(page).tables
    assert len(tables) == 8 and len(tables[0]) == len(tables[3]) == 7
    [published] = [table for table in tables if table[0][-1] == 'why not']
    assert [row[:3] for row in published[1:]] == [
        ['more', 'with', 'global'],
        ['reported', 'APR', ''],
    ]
    assert published[1][-3:] == ['-9.5', '-1.0', '']
    assert 'more, fused (demo)' in page and 'mAP by row (real and rendered images)' in page


def test_opens_offline(written):
    links = [value for name, value in Page(written[2]).attributes if name in ('src', 'href')]
    assert all(link.startswith('#') for link in links)
    assert 'url(http' not in written[2] and '<script' not in written[2]


def test_plots_are_well_formed(written):
    plots = re.findall(r'<svg.*?</svg>', written[2], re.DOTALL)
    assert len(plots) == 5  # differences, rows, attributes, curves, confusions of one row
    texts = [''.join(ElementTree.fromstring(plot).itertext()) for plot in plots]
    assert 'more vs. plain' in texts[0] and 'more, fused' in texts[1]
    assert 'gender' in texts[2] and 'plain' in texts[3]
    assert '75' in texts[4] and 'male' in texts[4]  # 3 of 4


def test_real_images_are_compared(tmp_path):
    suite, runs, out = write_runs(tmp_path, rendered=False)
    page = write_report(suite, runs, {}, out)[2].read_text()
    assert 'RENDERED' not in page and ': real images.' in page
    assert Page(page).tables[3][1][-3:] == ['-9.5', '-1.0', '']


def test_layers_are_plotted_where_rows_differ_in_nothing_else(tmp_path):
    rows = [
        {'name': layer, 'set': {'midattr.attribute_layer': layer}}
        for layer in ('res3d', 'res4f', 'pool5')
    ]
    suite, runs, out = write_runs(tmp_path, rows=rows)
    page = write_report(suite, runs, {}, out)[2].read_text()
    first = re.search(
        r'<h2>mAP by layer of the attributes \(rendered images\).*?(<svg.*?</svg>)', page, re.DOTALL
    )[1]
    text = ''.join(ElementTree.fromstring(first).itertext())
    assert text.index('pool5') < text.index('res4f') < text.index('res3d') and 'fused' in text
    assert 'Difference in mAP' not in page  # no row has a baseline


def test_given_tables_come_first(tmp_path):
    suite, runs, out = write_runs(tmp_path)
    page = write_report(suite, runs, {}, out, [Table('Grid', ['point'], [['mu=5']])])[2]
    assert Page(page.read_text()).tables[0] == [['point'], ['mu=5']]


def test_report_of_nothing(tmp_path):
    suite, runs, out = write_runs(
        tmp_path, unfinished=[(row, seed) for row in ('plain', 'more') for seed in (1, 2)]
    )
    page = write_report(suite, runs, {runs[0]: 'no memory'}, out)[2].read_text()
    assert '0 of 4 runs are done' in page and 'FAILED: row plain, seed 1: no memory' in page
    assert 'NOT DONE: row more (seeds 1 2), row plain (seeds 2).' in page
    assert 'Results (' not in page and ': real images' not in page  # their kind is unknown


def test_same_results_give_the_same_files(tmp_path):
    suite, runs, out = write_runs(tmp_path)
    first, second = (
        [path.read_text() for path in write_report(suite, runs, {}, out)] for _ in range(2)
    )
    assert first == second


CLAIMS = [{'claim': 'It helps', 'comparisons': [{'row': 'more', 'over': 'plain'}]}]


def write_queries(runs, gains):
    """Give each run six queries; those of the row "more" gain so many points, by seed."""
    for run in runs:
        if run.is_done:
            gain = gains[run.seed] / 100 if run.row.name == 'more' else 0
            values = np.array([0.3, 0.4, 0.5, 0.6, 0.7, 0.5]) + 0.01 * run.seed + gain
            add_queries(run, made_up_queries(values + gain * np.array([0.1, 0, 0, 0, -0.1, 0])))


def test_claims_come_first(tmp_path):
    suite, runs, out = write_runs(tmp_path, seeds=(1, 2, 3), claims=CLAIMS)
    write_queries(runs, {1: 10, 2: 12, 3: 11})
    paths = write_report(suite, runs, {}, out)
    page, text = paths[2].read_text(), paths[1].read_text()
    claims, _, differences, *_ = Page(page).tables
    assert claims[0] == [
        'claim',
        'answer',
        'comparison',
        'score',
        'difference',
        'p, corrected',
        'pairs',
        'intervals cover',
    ]
    assert claims[1][:3] == ['It helps', 'yes', '']
    assert claims[2][1:4] == ['yes', 'more over plain', 'mAP']
    assert claims[2][4].startswith('+11.0 [+') and claims[2][4].endswith(' *')
    assert 0 < float(claims[2][5]) < 0.05 and claims[2][6:] == ['3', 'seeds and identities']
    assert differences[1][4:] == [*differences[1][4:6], '3', 'seeds and identities']
    assert differences[1][5] == claims[2][4].removesuffix(' *')  # without a star
    assert text.count(' *') == 1
    assert 'hold for other seeds of the training and for a test with other people' in text
    assert 'corrected for all 1 comparisons (Holm)' in text and 'kept no query_scores' not in text
    assert 'Claims (rendered images)' in page and 'more over plain: mAP' in page
    [row] = [
        row
        for row in csv.DictReader(io.StringIO(paths[0].read_text()))
        if (row['row'], row['descriptor']) == ('more', 'fused')
    ]
    assert (row['pairs'], row['intervals cover']) == ('3', 'seeds and identities')


def test_earlier_runs_say_what_their_intervals_cover(tmp_path):
    suite, runs, out = write_runs(tmp_path, seeds=(1, 2, 3), claims=CLAIMS)
    write_queries(runs, {1: 10, 2: 12, 3: 11})
    (runs[0].folder / 'query_scores.csv').unlink()
    text = write_report(suite, runs, {}, out)[1].read_text()
    assert "Student's t) hold for other seeds of the training on the same test images" in text
    assert '| 3 | seeds |' in text


def test_missing_runs_show_in_the_tables(tmp_path):
    suite, runs, out = write_runs(
        tmp_path, seeds=(1, 2, 3), unfinished=[('plain', 2), ('more', 3)], claims=CLAIMS
    )
    claims, results, differences, *_ = Page(
        write_report(suite, runs, {}, out)[2].read_text()
    ).tables
    assert claims[1][1] == 'not told apart'
    assert claims[2][1] == 'not told apart (fewer than 3 pairs)'
    assert claims[2][6] == '1 of 3; seeds 2 3 missing'
    assert [row[-1] for row in results[1:]] == ['2 of 3; seed 2 missing'] * 3 + [
        '2 of 3; seed 3 missing'
    ] * 3
    assert differences[1][-2:] == ['1 of 3; seeds 2 3 missing', 'seeds']


def test_a_row_without_results_shows_in_the_tables(tmp_path):
    rows = [*ROWS, {'name': 'less', 'label': 'nothing', 'baseline': 'plain'}]
    claims = [{'claim': 'It', 'comparisons': [{'row': 'less', 'over': 'plain'}]}]
    unfinished = [('less', 1), ('less', 2)]
    suite, runs, out = write_runs(tmp_path, rows=rows, unfinished=unfinished, claims=claims)
    claims, results, *_ = Page(write_report(suite, runs, {}, out)[2].read_text()).tables
    assert claims[2][1] == 'not told apart (row less has no results)'
    assert results[-1] == ['less', 'nothing', *[''] * 5, '0 of 2; seeds 1 2 missing']


def test_a_suite_without_claims_tests_nothing(written):
    assert 'names no claims, so that nothing is tested' in written[1]
    assert 'Claims (' not in written[1]


def test_gains_over_the_epochs(tmp_path):
    suite, runs, out = write_runs(tmp_path)
    for run in runs:
        with SummaryWriter(str(run.folder)) as writer:
            for epoch, mAP in enumerate((0.3, 0.4, 0.42)):
                tag = f'Test/{run.cfg.data.targets[0]}/mAP'
                writer.add_scalar(tag, mAP + 0.1 * (run.row.name == 'more'), epoch)
    page = write_report(suite, runs, {}, out)[2].read_text()
    for title in ('Difference in mAP over the epochs', 'mAP over the epochs'):
        assert f'<h2>{title} (rendered images)</h2>' in page
    assert 'more over plain' in page
    assert 'in points: plain by 2.0, more by 2.0. A difference' in page


def test_rows_that_were_tested_once_are_named(written):
    assert 'tested only once: plain, more.' in written[1]
    assert 'over the epochs' not in written[2]


def test_what_is_not_comparable_says_why(tmp_path):
    suite, runs, out = write_runs(tmp_path, rendered=False)
    for run in runs:
        run.cfg.defrost()
        run.cfg.train.max_epoch = 1
    paths = write_report(suite, runs, {}, out)
    published = Page(paths[2].read_text()).tables[3]
    assert published[0][3:8] == [
        f'published {name}' for name in ('rank-1', 'rank-5', 'rank-10', 'rank-20', 'mAP')
    ]
    assert published[0][-2] == 'ours minus published: mAP (ours: mAP_zheng2015)'
    assert published[1][-3:] == ['not comparable'] * 2 + ['train.max_epoch is 1, not 2']
    assert 'train.max_epoch is 1' in paths[0].read_text()


def test_results_without_the_published_mAP(tmp_path):
    """torchreid's mAP is about a point higher, and not compared in its place."""
    suite, runs, out = write_runs(tmp_path, rendered=False)
    for run in runs:
        change_results(
            run,
            lambda results: [
                scores.pop('mAP_zheng2015') for scores in results.reid[TARGET].values()
            ],
        )
    published = Page(write_report(suite, runs, {}, out)[2].read_text()).tables[3]
    assert published[1][-3:] == [
        '-9.5',
        'not comparable',
        'the results have no mAP_zheng2015',
    ]
