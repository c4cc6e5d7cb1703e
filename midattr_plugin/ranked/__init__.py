"""Ranked lists: a query and what was found for it, as a page that opens offline."""

from midattr_plugin.ranked.page import MOST_LISTS, PAGE, write_ranked_page
from midattr_plugin.ranked.ranked_list import Answer, Entry, RankedList
from midattr_plugin.ranked.spread import spread
from midattr_plugin.ranked.thumbnail import thumbnail

__all__ = [
    'MOST_LISTS',
    'PAGE',
    'Answer',
    'Entry',
    'RankedList',
    'spread',
    'thumbnail',
    'write_ranked_page',
]
