"""The page of ranked lists."""

from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from midattr_plugin.errors import InputError
from midattr_plugin.ranked import Answer, Entry, RankedList, spread, thumbnail, write_ranked_page


class Figures(HTMLParser):
    """Class and text of each figure, and everything that the page would load."""

    def __init__(self, text):
        super().__init__()
        self.figures, self.loaded, self._inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.loaded += [attributes[name] for name in ('src', 'href') if name in attributes]
        if tag == 'figure':
            self.figures.append((attributes['class'], []))
            self._inside = True

    def handle_endtag(self, tag):
        self._inside &= tag != 'figure'

    def handle_data(self, data):
        if self._inside and data.strip():
            self.figures[-1][1].append(data.strip())


def answers(hat, gender='male', **options):
    return [Answer('hat', hat, 90), Answer('gender', gender, 60, **options)]


@pytest.fixture
def lists():
    picture = thumbnail(Image.fromarray(np.zeros((20, 10, 3), np.uint8)))
    query = Entry('query.jpg', picture, answers('no'), 'anna <b>')
    return [
        RankedList(
            query,
            [
                Entry('near.jpg', picture, answers('no'), 'anna <b>', 0.25, True, [picture] * 2),
                Entry('far.jpg', picture, answers('yes', truth='female'), 'ben', 0.5, False),
                Entry('gone.jpg', '', answers('no'), '', 0.75, None),
            ],
        )
    ]


def write(path, lists, **options):
    facts = {'gallery': '3 images', 'shown': 1, 'total': 1, 'by': 'model.pth'}
    write_ranked_page(path / 'ranked.html', lists, **(facts | options))
    return (path / 'ranked.html').read_text(encoding='utf-8')


def test_marks(tmp_path, lists):
    """Right and wrong by words and by borders; agreement of each attribute with the query's."""
    text = write(tmp_path, lists, has_matches=True)
    page = Figures(text)
    (query, near, far, gone) = page.figures
    assert [kind for kind, _ in page.figures] == ['query', 'right', 'wrong', '']
    assert query[1][:3] == ['query', 'anna <b>', 'query.jpg']
    assert near[1][:4] == ['1 right', 'anna <b>', '0.250', 'near.jpg']
    assert far[1][:4] == ['2 wrong', 'ben', '0.500', 'far.jpg']
    assert gone[1][:3] == ['3', '0.750', 'gone.jpg']
    assert near[1][4:] == ['hat', 'no', '90', '=', 'gender', 'male', '60', '=']
    assert far[1][4:] == ['hat', 'yes', '90', '≠', 'gender', 'female', 'male', '60', '=']
    assert '<em title="annotated">female</em> <s title="predicted">male</s>' in text
    assert not {'=', '≠'}.intersection(query[1])


def test_opens_offline(tmp_path, lists):
    loaded = Figures(write(tmp_path, lists)).loaded
    assert len(loaded) == 5
    assert all(source.startswith('data:image/jpeg;base64,') for source in loaded)


def test_says_what_is_shown(tmp_path, lists):
    page = write(tmp_path, lists, total=1234, note='beware', has_matches=True)
    assert '1,234 queries among 3 images' in page
    assert '1 of the queries are shown' in page
    assert 'Note: beware.' in page
    assert 'data-first="right"' in page
    assert '<select' not in write(tmp_path, lists)


def test_lists_that_fail_leave_the_page_as_it_was(tmp_path, lists):
    before = write(tmp_path, lists)

    def broken():
        yield lists[0]
        raise InputError('no more')

    with pytest.raises(InputError):
        write(tmp_path, broken())
    assert (tmp_path / 'ranked.html').read_text(encoding='utf-8') == before
    assert [path.name for path in tmp_path.iterdir()] == ['ranked.html']


def test_list_of_nobody():
    ranked = RankedList(Entry('query.jpg', ''))
    assert ranked.first_match == ''
    assert ranked.found == []


@pytest.mark.parametrize(
    'total, most, expected',
    [(0, 3, []), (2, 3, [0, 1]), (3, 3, [0, 1, 2]), (9, 3, [0, 4, 8]), (5, 1, [0])],
)
def test_spread(total, most, expected):
    assert spread(total, most) == expected
