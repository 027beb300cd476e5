"""Searches that run: jobs, saved searches, schedules, alerts and what they do."""
