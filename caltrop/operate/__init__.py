"""An installed app by the URL of its Splunk: what its detections are, whether and when they run, what they found, how each is tuned.

Everything goes over splunk-sdk (`saved/searches`, `configs/conf-macros`, searches); nothing is written before all that was asked
for has been looked at, and nothing that is so already is written at all.
"""
