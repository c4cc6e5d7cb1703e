"""What tests of several rooms share: small data sets, small runs."""
