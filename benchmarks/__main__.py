"""``make bench``: every benchmark in turn, or those that are named: python -m benchmarks NAME …"""

import importlib
import pkgutil
import sys

import benchmarks
from benchmarks.machine import describe


def main(names: list[str]) -> None:
    """Run benchmarks by module name; a benchmark is a module with ``run() -> None``."""
    every = [m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name not in _PARTS]
    print(describe(), flush=True)
    for name in names or every:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"\n## {name}\n\n{(module.__doc__ or '').strip()}\n", flush=True)
        module.run()


_PARTS = {"__main__", "machine", "webhook_load"}

if __name__ == "__main__":
    main(sys.argv[1:])
