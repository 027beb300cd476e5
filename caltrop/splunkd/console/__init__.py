"""The web port: the console's files, its session, and the way from it to the management API."""
