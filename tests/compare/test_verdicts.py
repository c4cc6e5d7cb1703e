"""Answers to claims: yes, no, not told apart, and what cannot be tested."""

import numpy as np
import pytest

from helpers.fake_queries import add_queries, made_up_queries
from helpers.fake_runs import write_runs
from midattr_plugin.compare.intervals import SEEDS_AND_IDENTITIES
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.summary import summarize
from midattr_plugin.compare.verdicts import NO, OPEN, YES, answer_of_claim, judge

PLAIN = {'model.name': 'midattr_resnet18'}
ROWS = [{'name': name, 'set': PLAIN} for name in ('base', 'better', 'worse', 'alike')]
SEEDS = (1, 2, 3, 4, 5)
GAINS = {'base': 0, 'better': 0.1, 'worse': -0.1, 'alike': 0}


def claim(sentence, *comparisons):
    return {'claim': sentence, 'comparisons': list(comparisons)}


def over(row, baseline, **more):
    return {'row': row, 'over': baseline, **more}


def judged(folder, claims, queries=True, seeds=SEEDS, unfinished=(), rows=ROWS):
    """Return the verdicts on made-up runs of which the rows differ by ``GAINS``."""
    suite, runs, _ = write_runs(
        folder, seeds=seeds, rows=rows, unfinished=unfinished, claims=claims
    )
    pids = np.repeat(np.arange(30), 2)
    for run in runs:
        if queries and run.is_done:
            random = np.random.default_rng([run.seed, *map(ord, run.row.name)])
            noise = random.normal(0, 0.02, len(pids)) + random.normal(0, 0.005)
            values = 0.5 + GAINS[run.row.name] + noise
            add_queries(
                run,
                lambda name, values=values: made_up_queries(
                    values - (0.05 if name == 'local' else 0), pids
                ),
            )
    fresh = [Run(run.row, run.seed, run.folder, run.cfg) for run in runs]
    return judge(suite.claims, summarize(suite, fresh))


def test_answers(tmp_path):
    verdicts = judged(
        tmp_path,
        [
            claim('Better', over('better', 'base')),
            claim('Both', over('better', 'base'), over('alike', 'base')),
            claim('Worse', over('better', 'base'), over('worse', 'base')),
            claim('Fusing', over('base', 'base', descriptor='fused', over_descriptor='local')),
        ],
    )
    assert [verdict.answer for verdict in verdicts] == [YES, YES, OPEN, YES, NO, OPEN]
    assert answer_of_claim(verdicts[1:3]) == OPEN
    assert answer_of_claim(verdicts[3:5]) == NO
    assert answer_of_claim(verdicts[:2]) == YES
    assert all(not verdict.obstacle for verdict in verdicts[:5])
    assert {verdict.difference.covers for verdict in verdicts[:5]} == {SEEDS_AND_IDENTITIES}
    # every query gains the same 5 points in every seed
    assert verdicts[5].difference.mean == pytest.approx(5)
    assert verdicts[5].obstacle == 'the seeds do not differ'


def test_corrected_for_the_number_of_comparisons(tmp_path):
    one, *more = [
        judged(folder, [claim('It', *[over('better', 'base')] * number)])
        for number, folder in ((1, make(tmp_path, 'a')), (4, make(tmp_path, 'b')))
    ]
    assert [verdict.p_value for verdict in more[0]] == pytest.approx([4 * one[0].p_value] * 4)


def make(parent, name):
    folder = parent / name
    folder.mkdir()
    return folder


def test_too_few_pairs_have_no_star(tmp_path):
    verdicts = judged(
        tmp_path, [claim('It', over('better', 'base'))], seeds=(1, 2, 3), unfinished=[('base', 2)]
    )
    assert verdicts[0].difference.seeds == (1, 3) and verdicts[0].difference.low > 0
    assert verdicts[0].obstacle == 'fewer than 3 pairs'
    assert not verdicts[0].is_significant and verdicts[0].answer == OPEN


def test_no_spread_has_no_star(tmp_path):
    """Made-up results without queries: rows but "more" are equal in every seed."""
    verdicts = judged(tmp_path, [claim('It', over('better', 'base'))], queries=False)
    assert verdicts[0].obstacle == 'the seeds do not differ' and verdicts[0].answer == OPEN


def test_a_row_without_results_is_counted_but_not_tested(tmp_path):
    claims = [claim('It', over('better', 'base'), over('worse', 'base'))]
    unfinished = [('worse', seed) for seed in SEEDS]
    whole = judged(make(tmp_path, 'whole'), claims)
    verdicts = judged(make(tmp_path, 'part'), claims, unfinished=unfinished)
    assert verdicts[1].obstacle == 'row worse has no results' and verdicts[1].answer == OPEN
    assert (
        verdicts[0].p_value == pytest.approx(2 * verdicts[0].difference.p_value)
        and verdicts[0].difference == whole[0].difference
    )
    unfinished = [('better', seed) for seed in (1, 2)] + [('base', seed) for seed in (3, 4, 5)]
    apart = judged(make(tmp_path, 'apart'), claims, unfinished=unfinished)
    assert apart[0].obstacle == 'no seed of both rows is done'
    none = [(row['name'], seed) for row in ROWS for seed in SEEDS]
    assert judged(make(tmp_path, 'none'), claims, unfinished=none) == []
