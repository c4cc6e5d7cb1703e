"""An extension (``midattr.extensions``) that brings the models ``midattr_tiny*``.

They have the layers of a ResNet and few weights, so that a run takes moments.
"""

from tiny_resnet import TinyResNet  # beside this file, which puts its folder on the search path

from midattr_plugin.models import BACKBONES

BACKBONES.register('tiny')(TinyResNet)
