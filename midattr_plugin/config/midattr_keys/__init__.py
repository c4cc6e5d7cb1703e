"""The configuration keys that this project adds, all of them under ``midattr``.

The meanings give the paper's symbol or section (Zhang and Xu, 2018). A key is set in a YAML file::

    midattr:
      attribute_layer: res4f
      layer_overrides: ['age=res5c']

or on the command line, e.g. ``midattr.mu 1.0``.

The row of a key says when it is read: those of the model only if ``model.name`` is one of ours
(``midattr_...``), those of the loss only if ``loss.name`` is ``midattr``. To add a key, add a row
to the module of its subject and use the argument that it becomes; see docs/extending.md.
"""

from midattr_plugin.config.keys import KEYS
from midattr_plugin.config.midattr_keys import (
    loss,
    metric_loss,
    model,
    own_files,
    schedule,
    speed,
    testing,
    training,
)

# in the order of the tables of keys
for _subject in (own_files, model, loss, schedule, metric_loss, training, testing, speed):
    for _name, _key in _subject.ROWS.items():
        KEYS.register(f'midattr.{_name}')(_key)
