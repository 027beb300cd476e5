"""A scripted lookup: the Shannon entropy of a word in bits a character. CSV in, CSV out; its arguments name the two columns."""

import csv
import sys
from collections import Counter
from math import log2


def shannon(word: str) -> float:
    """Bits a character: 0 for one character repeated, and for no character."""
    return sum(-count / len(word) * log2(count / len(word)) for count in Counter(word).values())


def main() -> None:
    word, entropy = sys.argv[1:3]
    rows = csv.DictReader(sys.stdin)
    out = csv.DictWriter(sys.stdout, rows.fieldnames or [word, entropy])
    out.writeheader()
    for row in rows:
        if row.get(word):
            row[entropy] = repr(abs(shannon(row[word])))
        out.writerow(row)


if __name__ == "__main__":
    main()
