"""Damaged configurations."""

import pytest
import yaml

from helpers.mutations import check_mutations, mutated_text, mutated_value
from helpers.tiny_run import SETTINGS
from midattr_plugin.config import dump_config, load_config
from midattr_plugin.config.find import shipped_configs

COMPLETE = yaml.safe_load(load_config(None, ['use_gpu', False]).dump())
TEXTS = [
    *(path.read_text() for path in shipped_configs()),
    yaml.safe_dump(SETTINGS),
    yaml.safe_dump(COMPLETE),
]


def read(path):
    """What is accepted can be repeated from the complete configuration of the run."""
    cfg = load_config(path)
    copy = path.with_name('copy.yaml')
    dump_config(cfg, copy)
    assert load_config(copy) == cfg


def test_damaged_text(tmp_path, mutations):
    path = tmp_path / 'config.yaml'
    path.write_text(TEXTS[0])
    check_mutations(
        mutations,
        lambda random, p: p.write_bytes(mutated_text(random.choice(TEXTS), random)),
        read,
        path,
    )


@pytest.mark.parametrize('content', [COMPLETE, SETTINGS], ids=['complete', 'tiny'])
def test_other_values(tmp_path, mutations, content):
    path = tmp_path / 'config.yaml'
    path.write_text(yaml.safe_dump(content))
    check_mutations(
        mutations,
        lambda random, p: p.write_text(yaml.safe_dump(mutated_value(content, random))),
        read,
        path,
    )
