"""The command line: torchreid's options and ``key value`` pairs."""

import argparse
import difflib
from collections.abc import Sequence
from typing import NoReturn

from yacs.config import CfgNode

from midattr_plugin.config.describe import describe_keys, describe_models
from midattr_plugin.config.entries import COMMAND_LINE, entries_from_pairs
from midattr_plugin.config.find import shipped_configs
from midattr_plugin.config.keys import flatten
from midattr_plugin.config.load import (
    check_sets_something,
    get_default_config,
    load_config,
    load_extensions_of,
)
from midattr_plugin.config.unread import check_read
from midattr_plugin.errors import InputError

_EPILOG = """\
Later settings win: defaults, then the file, then the options, then the key value pairs.
`%(prog)s --keys` lists all keys with their meaning, default and allowed values; `--keys layer`
lists those with this word, with those of `midattr.extensions` if it is given. `%(prog)s --models`
lists the models.

examples:
  the paper's model on Market-1501:
    %(prog)s --config-file midattr_market.yaml --root reid-data
  the same with another attribute layer and three milestones:
    %(prog)s --config-file midattr_market.yaml midattr.attribute_layer res4f \\
        train.stepsize "[20, 40, 60]"
  test a trained model on another dataset:
    %(prog)s --config-file midattr_market.yaml -t dukemtmcreid \\
        model.load_weights log/midattr_market/model/model.pth.tar-62 test.evaluate True
"""

# Options that take several names: their one-letter forms and meanings.
_NAME_LISTS = {
    'sources': (['-s'], 'datasets to train on'),
    'targets': (['-t'], 'datasets to test on'),
    'transforms': ([], 'augmentations of the training images'),
}


class KeysAction(argparse.Action):
    """The option that prints the keys and ends the program, as ``--help`` does."""

    def __call__(self, parser, namespace, values, option_string=None):
        """Print the keys with the word ``values``, or all keys."""
        print(describe_keys(values or ''))
        parser.exit()


_KEYS_HELP = (
    'list the configuration keys (those with WORD in name or meaning) with meaning, '
    'default and allowed values, and exit'
)


_LISTS = {'keys': describe_keys, 'models': describe_models}
_MODELS_HELP = 'list the models (those with WORD in their name), and exit'


def add_keys_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--keys [WORD]`` to the parser of a command that takes the keys of several runs."""
    parser.add_argument('--keys', nargs='?', action=KeysAction, metavar='WORD', help=_KEYS_HELP)


class _Parser(argparse.ArgumentParser):
    """A parser that reports a wrong command line like all other bad input."""

    def error(self, message: str) -> NoReturn:
        """Raise the error of a wrong command line.

        Raises:
            InputError: always.
        """
        raise InputError(f'the command line: {message} (see --help)')


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of torchreid's options, whose errors are ``InputError``.

    Args:
        prog: name of the program; None: that of the process.
    """
    parser = _Parser(
        prog=prog,
        description='Trains or tests a person re-identification model.',
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        '--config-file',
        metavar='FILE',
        help='YAML file, or the name of one that comes with the package: '
        f'{", ".join(path.name for path in shipped_configs())} (default: the defaults)',
    )
    parser.add_argument('--keys', nargs='?', const='', metavar='WORD', help=_KEYS_HELP)
    parser.add_argument('--models', nargs='?', const='', metavar='WORD', help=_MODELS_HELP)
    for name, (short, meaning) in _NAME_LISTS.items():
        parser.add_argument(
            *short, f'--{name}', nargs='+', metavar='NAME', help=f'{meaning} (default: data.{name})'
        )
    parser.add_argument(
        '--root', default='', metavar='DIR', help='folder of the datasets (default: data.root)'
    )
    parser.add_argument(
        'opts',
        nargs='*',
        metavar='key value',
        help='configuration keys and their values, as in: train.lr 0.01 test.evaluate True',
    )
    return parser


def parse_config(argv: Sequence[str] | None = None) -> CfgNode:
    """Return the frozen configuration that a command line asks for.

    Options and pairs may come in any order.

    Args:
        argv: the command line without the program's name; None: that of the process.

    Raises:
        InputError: see :func:`midattr_plugin.config.load.load_config`; or an option is unknown
            or lacks its value, the file sets nothing, or a key of the command line has no effect.
        SystemExit: --help, --keys or --models was given.
    """
    parser = build_parser('midattr-train')
    # Not argparse.REMAINDER: after the first pair it would take every option for a key.
    parsed, unknown = parser.parse_known_intermixed_args(argv)
    if unknown:
        raise InputError(_unknown_option(unknown[0]))
    args = {name: value for name, value in vars(parsed).items() if name not in _LISTS}
    swallowed: list[str] = []
    for name in _NAME_LISTS:
        args[name], pairs = split_at_key(args[name] or [])
        swallowed += pairs
    opts = swallowed + args['opts']
    for name, describe in _LISTS.items():
        if (word := getattr(parsed, name)) is not None:
            load_extensions_of(args['config_file'], entries_from_pairs(opts))
            print(describe(word))
            parser.exit()
    if args['config_file'] is not None:
        check_sets_something(args['config_file'])
    cfg = load_config(**args | {'opts': opts})
    check_read(cfg, opts[::2], COMMAND_LINE)
    return cfg


def split_at_key(items: list[str]) -> tuple[list[str], list[str]]:
    """Split the words that an option with many names took into names and key value pairs.

    Names of datasets and transforms have no dots; all keys except ``use_gpu`` have.

    Args:
        items: the words.
    """
    for index, item in enumerate(items):
        if '.' in item or item == 'use_gpu':
            return items[:index], items[index:]
    return items, []


def _unknown_option(option: str) -> str:
    key = option.lstrip('-').partition('=')[0]
    if key in flatten(get_default_config()):
        return f'the command line: write {option} without dashes, as in `{key} VALUE`'
    names = ('help', 'config-file', 'keys', 'models', 'root', *_NAME_LISTS)
    flags = [f'--{name}' for name in names]
    close = difflib.get_close_matches(option, flags, n=1)
    hint = f', did you mean {close[0]}?' if close else ''
    return f'the command line: {option} is not an option{hint} (they are {", ".join(flags)})'
