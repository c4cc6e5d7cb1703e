"""What tests of several rooms share: small datasets, small runs."""
