"""How fast it is; docs/benchmarks.md holds what was measured."""
