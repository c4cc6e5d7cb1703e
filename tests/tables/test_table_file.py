"""Tables of images as people write them."""

import pytest

from midattr_plugin.errors import InputError
from midattr_plugin.tables import TableRow, read_table

FULL = """path,pid,camid,split,gender,bag
a/1.jpg,anna,door,train,female,no
a/2.jpg,anna,yard,train,female,
b/1.jpg,7,door,query,male,yes
b/2.jpg,7,yard,gallery,male,yes
"""


@pytest.fixture
def write(tmp_path):
    def write_table(text, name='people.csv'):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_table


def test_every_column(write, tmp_path):
    path = write(FULL)
    table = read_table(path)
    assert table.path == str(path)
    assert table.attributes == ('gender', 'bag')
    assert table.has_pids and table.has_cameras and table.has_splits
    assert table.rows[1] == TableRow(
        3, str(tmp_path / 'a/2.jpg'), 'anna', 'yard', 'train', ('female', '')
    )
    assert [row.line for row in table.rows] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    'text',
    [
        FULL.replace(',', ';'),
        FULL.replace(',', '\t'),
        FULL.replace('\n', '\r\n'),
        '\ufeff' + FULL,
        FULL.replace(',', ' , ').replace('\n', '\n\n'),
        FULL.replace('query', 'Query'),
        FULL.replace('yard', '"yard"'),
        FULL.rstrip('\n'),
    ],
)
def test_as_spreadsheets_write_it(write, text):
    expected = [(row.pid, row.camid, row.split, row.values) for row in read_table(write(FULL)).rows]
    table = read_table(write(text))
    assert [(row.pid, row.camid, row.split, row.values) for row in table.rows] == expected
    assert table.attributes == ('gender', 'bag')


def test_paths_alone(write):
    table = read_table(write('path\n1.jpg\n/there/2.jpg\n"a, b.jpg"\n'))
    paths = ['/there/2.jpg', str(write('').parent / 'a, b.jpg')]
    assert [row.path for row in table.rows][1:] == paths
    assert table.attributes == () and not table.columns
    assert {(row.pid, row.camid, row.split) for row in table.rows} == {('', '', '')}


def test_names_stay_names(write):
    """Of people and cameras: 007 is not 7."""
    table = read_table(write('path,pid,camid\n1.jpg,007,01\n2.jpg,7,1\n'))
    assert [(row.pid, row.camid) for row in table.rows] == [('007', '01'), ('7', '1')]


@pytest.mark.parametrize(
    'text, words',
    [
        ('', 'is empty; its first line'),
        ('\n\n', 'is empty; its first line'),
        ('image,pid\n1.jpg,2\n', 'has no column "path" \\(its columns are image, pid\\)'),
        ('path,pid\n', 'has no row'),
        ('path,hat,hat\n1.jpg,a,b\n', 'two columns "hat"'),
        ('path,,hat\n1.jpg,a,b\n', 'column 2 has no name'),
        ('path,PID\n1.jpg,a\n', 'column "PID" would be an attribute; write "pid"'),
        ('path\n"a\nb.jpg"\n', 'the cell of column "path" has a line break'),
        ('path,"h\nt"\n1.jpg,a\n', 'name of column 2 has a line break'),
        ('path,hat\n1.jpg,"a\nb"\n', 'line 3: the cell of column "hat" has a line break'),
        ('path,pid\n1.jpg,a\0b\n', 'line 2: the cell of column "pid" has a line break, or a char'),
        ('path,hat\n1.jpg\n', 'line 2: 1 cells, but 2 columns'),
        ('path,hat\n1.jpg,a,b\n', 'line 2: 3 cells, but 2 columns'),
        ('path,hat\n,a\n', 'line 2: the path is empty'),
        (
            'path,pid,split\n1.jpg,a,test\n',
            'one of train, query, gallery of a table with pid; change',
        ),
        ('path,split\n1.jpg,dev\n', 'line 2: split "dev" is not one of train, val, test; change'),
        ('path,split\n1.jpg,\n', 'line 2: split "" is not one of'),
        ('path,pid\n1.jpg,1\n2.jpg,\n', 'line 3: pid is empty; give every image one'),
        ('path,camid\n1.jpg,\n', 'line 2: camid is empty'),
        ('path\na/1.jpg\na//1.jpg\n', 'is in line 2 and in line 3; list it once'),
        (
            'path,pid,split\n1.jpg,x,train\n2.jpg,x,gallery\n',
            'identity "x" is in the training images \\(line 2\\) and in the test \\(line 3\\)',
        ),
        ('path,hat\n1.jpg,"a\n', 'line 2: .*a cell that begins with a double quote'),
        ('path\n1.jpg\n'.encode('utf-16'), 'is not in UTF-8 \\(byte 0\\)'),
    ],
)
def test_bad_tables(write, text, words):
    with pytest.raises(InputError, match=f'people.csv.*{words}'):
        read_table(write(text))


def test_no_file(tmp_path):
    with pytest.raises(InputError, match='cannot be read \\(No such file'):
        read_table(tmp_path / 'none.csv')
    with pytest.raises(InputError, match='cannot be read \\(Is a directory'):
        read_table(tmp_path)
