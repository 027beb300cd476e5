"""One family of eval or aggregation functions a module, registered by decorator where it is defined."""
