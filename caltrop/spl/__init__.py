"""text -> tokens -> syntax tree -> text. Knows the language; runs nothing."""
