from midattr_plugin.datasets.matches import without_match


def test_a_match_is_of_the_same_identity_and_another_camera():
    gallery = [('a', 1, 0, 0), ('b', 1, 1, 0), ('c', 2, 0, 0)]
    query = [('d', 1, 0, 0), ('e', 1, 5, 0), ('f', 2, 0, 0), ('g', 3, 0, 0)]
    assert without_match(query, gallery) == ['f', 'g']
    assert without_match([], gallery) == [] and without_match(query[:1], []) == ['d']
