"""Run every speed benchmark and print its ratios: ``python -m tutelage.benchmarks.performance [NAME …]``."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from ...errors import unknown_name


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all of them, one after the other; return 1 if a target was missed."""
    known = sorted(m.name for m in iter_modules([str(Path(__file__).parent)]) if not m.name.startswith("_"))
    for name in names:
        if name not in known:
            print(unknown_name("benchmark", name, known), file=sys.stderr)
            return 2
    missed = False
    for name in names or known:
        print(f"== {name}", flush=True)
        missed |= bool(import_module(f".{name}", __package__).main())
        print(flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
