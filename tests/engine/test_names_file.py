"""Names behind numbers."""

from types import SimpleNamespace

from midattr_plugin.engine.names_file import names_text


def test_names_of_people_and_cameras():
    table = SimpleNamespace(pid_names=['', 'ann', 'ben, jr'], camid_names=['door 9'])
    assert names_text({'market1501': object(), 'csv': table}) == (
        'target,what,number,name\ncsv,pid,1,ann\ncsv,pid,2,"ben, jr"\ncsv,camid,0,door 9\n'
    )


def test_nobody_has_a_name():
    assert names_text({'market1501': object()}) == ''
    assert names_text({'csv': SimpleNamespace(pid_names=[''], camid_names=[])}) == ''
