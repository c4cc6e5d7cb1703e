"""The CSV of a suite's result rows."""

import csv
import io

from helpers.fake_runs import write_runs
from midattr_plugin.compare.results_csv import results_csv
from midattr_plugin.compare.summary import summarize


def test_csv(tmp_path):
    suite, runs, _ = write_runs(tmp_path, rendered=False)
    rows = list(csv.DictReader(io.StringIO(results_csv(summarize(suite, runs)))))
    [row] = [row for row in rows if (row['row'], row['descriptor']) == ('more', 'global')]
    assert row['mAP mean'] == '50.5000' and row['mAP std'] == '4.9497'
    assert row['mAP of each seed'] == '47.0000 54.0000'
    assert row['images'] == 'real' and row['seeds'] == '1 2' and row['baseline'] == 'plain'
    assert row['mAP difference'] == '7.5000' and row['mAP published'] == '50.5000'
    assert row['rank-1 ours minus published'] == '-9.5000' and row['rank-5 mean'] == ''
    assert row['pairs'] == '2' and row['intervals cover'] == 'seeds'
    assert row['mAP_zheng2015 mean'] == '49.5000' and row['mAP ours minus published'] == '-1.0000'
    assert row['not comparable'] == '' and 'mAP_zheng2015 published' not in row


def test_what_is_not_comparable(tmp_path):
    suite, runs, _ = write_runs(tmp_path)
    rows = list(csv.DictReader(io.StringIO(results_csv(summarize(suite, runs)))))
    [row] = [row for row in rows if (row['row'], row['descriptor']) == ('more', 'global')]
    assert row['mAP published'] == '50.5000' and row['mAP ours minus published'] == ''
    assert row['not comparable'] == 'the images are rendered'


def test_nothing_done():
    assert len(results_csv([]).splitlines()) == 1
