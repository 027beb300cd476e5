"""Catalogue + target URL -> verdicts and reports, through splunk-sdk and HTTP alone.

Nothing here knows what kind of Splunk answers: the embedded server, a container, Enterprise and Cloud are one thing,
a URL with credentials.
"""
