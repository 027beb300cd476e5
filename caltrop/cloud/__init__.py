"""Splunk Cloud: a package is inspected by the AppInspect service and installed by the Admin Config Service (ACS).

Follows "Manage private apps in Splunk Cloud Platform" of the Admin Config Service manual and the AppInspect API reference;
where they are silent (status words, limits of a request) what clients of both report. Unverified: nobody has run this against
Splunk Cloud yet; the tests run it against a stand-in that checks each request.
"""
