"""A trained model on own pictures: attributes and descriptors of each person in them."""

from midattr_plugin.predict.cli import main
from midattr_plugin.predict.predictor import Prediction, Predictor

__all__ = ['Prediction', 'Predictor', 'main']
