"""What splunkd's own commands are made of, as far as scripts of apps use it."""
