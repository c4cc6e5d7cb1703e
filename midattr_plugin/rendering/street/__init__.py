"""Renders people of every season in the street, for training what shall work on real people.

The people of the demo set and of a twin are drawn to exercise the code; those here are drawn to
resemble what a camera above a street sees. They have a skeleton, and clothes around it, in three
dimensions; views from above are projected, not approximated.

* :mod:`.shades`, :mod:`.wardrobe`, :mod:`.wearer`: who wears what, and how often.
* :mod:`.figure`, :mod:`.garments`, :mod:`.scalp`, :mod:`.hair`, :mod:`.headwear`, :mod:`.luggage`,
  :mod:`.walker`: one person.
* :mod:`.places`, :mod:`.clutter`, :mod:`.optics`, :mod:`.snapshot`: one picture.
* :mod:`.streets`, :mod:`.render`, :mod:`.preview`: which pictures there are.
"""
