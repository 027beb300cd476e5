"""A stand-in for the package of that name that Splunk's own interpreter has; scripts of the old protocol import from it."""
