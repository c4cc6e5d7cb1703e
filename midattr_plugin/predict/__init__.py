"""A trained model on own pictures: attributes and descriptors of each person in them."""
