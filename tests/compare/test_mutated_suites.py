"""Damaged suites, and damaged files in the folder of their results."""

import json

import yaml

from helpers.fake_queries import add_queries, made_up_queries
from helpers.fake_runs import write_runs
from helpers.mutations import check_mutations, mutated_bytes, mutated_text, mutated_value
from midattr_plugin.compare.folder import check_folder
from midattr_plugin.compare.grid import selection_suite
from midattr_plugin.compare.plan import Run, plan_runs
from midattr_plugin.compare.report import write_report
from midattr_plugin.compare.start import plan_starts
from midattr_plugin.compare.suite import load_suite
from midattr_plugin.config.find import shipped_configs

CLAIMS = [{'claim': 'It', 'comparisons': [{'row': 'more', 'over': 'plain'}]}]
ROWS = 3  # of each suite: building a configuration takes most of the time


def write_suites(folder):
    """Write the suites of the package, where they find each other and their configurations.

    Returns:
        The texts of the suites, and the path for a damaged one.
    """
    for config in shipped_configs():
        (folder / config.name).write_text(config.read_text())
    suites = folder / 'compare'
    suites.mkdir()
    texts = []
    for shipped in shipped_configs('compare'):
        content = yaml.safe_load(shipped.read_text())
        (suites / shipped.name).write_text(shipped.read_text())
        for rows in ('rows', 'only'):
            if rows in content:
                content[rows] = content[rows][:ROWS]
        content['claims'] = _answerable(content)
        texts.append(yaml.safe_dump(content, sort_keys=False))
    (suites / 'suite.yaml').write_text(texts[0])
    return texts, suites / 'suite.yaml'


def _answerable(content):
    """Return the claims of a suite about the rows that it still has."""
    rows = {row['name'] for row in content.get('rows', [])}
    claims = [
        claim | {'comparisons': [x for x in claim['comparisons'] if {x['row'], x['over']} <= rows]}
        for claim in content.get('claims', [])
    ]
    return [claim for claim in claims if claim['comparisons']]


def read(path):
    suite = load_suite(path)
    if suite.select:
        selection_suite(suite)
    out = path.parent / 'out'
    plan_starts(suite, plan_runs(suite, [1], out), out)


def test_damaged_text(tmp_path, mutations):
    texts, path = write_suites(tmp_path)
    check_mutations(
        mutations,
        lambda random, p: p.write_bytes(mutated_text(random.choice(texts), random)),
        read,
        path,
    )


def test_other_values(tmp_path, mutations):
    texts, path = write_suites(tmp_path)
    contents = [yaml.safe_load(text) for text in texts]
    check_mutations(
        mutations,
        lambda random, p: p.write_text(
            yaml.safe_dump(mutated_value(random.choice(contents), random))
        ),
        read,
        path,
    )


def test_damaged_folder_of_results(tmp_path, mutations):
    suite, runs, out = write_runs(tmp_path, curves=True, claims=CLAIMS)
    events = next(runs[0].folder.glob('events*'))
    for run in runs:
        add_queries(run, made_up_queries([0.4, 0.5, 0.6, 0.7, 0.1 * run.seed, 0.9]))
    queries = runs[1].folder / 'query_scores.csv'
    names = [out / 'suite.json', runs[0].folder / 'run.yaml', runs[2].done_file, events, queries]
    valid = {path: path.read_bytes() for path in names}
    contents = json.loads(valid[names[2]])

    def write(random, _):
        for path, data in valid.items():
            path.write_bytes(data)
        path = random.choice(names)
        if path == events:
            path.write_bytes(mutated_bytes(valid[path], random))
        elif path == names[2] and random.random() < 0.7:
            path.write_text(json.dumps(mutated_value(contents, random), skipkeys=True))
        else:
            path.write_bytes(mutated_text(valid[path].decode(), random))

    def report(_):
        check_folder(suite, runs, out)
        fresh = [Run(run.row, run.seed, run.folder, run.cfg) for run in runs]
        write_report(suite, fresh, {}, out)

    check_mutations(mutations, write, report, names[0])
