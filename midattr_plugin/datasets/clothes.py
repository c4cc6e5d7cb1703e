"""Attributes that the annotation files of Market-1501 and DukeMTMC-reID share.

Source: Lin et al., "Improving Person Re-identification by Attribute and Identity Learning".
"""

from midattr_plugin.schema import HEAD, NO_YES, UPPER_BODY, WHOLE_BODY, Attribute

GENDER = Attribute('gender', ('male', 'female'), WHOLE_BODY, ('gender',))
HAT = Attribute('hat', NO_YES, HEAD, ('hat',))
CARRIED = tuple(
    Attribute(name, NO_YES, UPPER_BODY, (name,)) for name in ('backpack', 'bag', 'handbag')
)


def color_of_clothes(name: str, colors: str, parts: tuple[int, ...], prefix: str) -> Attribute:
    """Return the color attribute of a garment, which has one no/yes field per color in the file.

    Args:
        name: name of the attribute.
        colors: the classes, separated by spaces.
        parts: parts of the body that show it.
        prefix: prefix of the fields: 'up' or 'down'.
    """
    classes = tuple(colors.split())
    return Attribute(name, classes, parts, tuple(prefix + color for color in classes))
