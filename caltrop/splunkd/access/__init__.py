"""Who may do what: accounts, roles, sessions and tokens."""
