"""Whole content repositories over data: every detection over one set of events (`run`), or each over its own (`own`)."""
