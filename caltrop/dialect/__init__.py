"""What Splunk's conventions mean, in text alone: patterns, times, words, configuration syntax.

The ground floor: every room may import it, and it imports `caltrop.errors` alone. One implementation of each convention.
"""
