"""Writes what follows from the catalogue: documents, schemas, and the golden file of a message that has none.

A golden file that exists is left alone: another wire format is a change for outside clients, and is made by hand.
"""

import json
import sys

from culture_connect.contracts.docs.__main__ import main
from tests.contracts.messages import golden_file, kinds


def write_golden_files() -> None:
    """Writes the example of each message that has no golden file."""
    for kind in kinds():
        path = golden_file(kind)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            data = json.loads(kind.example().to_json())
            path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            sys.stdout.write(f"written: {path}\n")


if __name__ == "__main__":
    write_golden_files()
    sys.exit(main([]))
