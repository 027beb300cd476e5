"""Syntax tree + instance -> table. Runs SPL on Polars."""
