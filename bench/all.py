"""All measurements that need nothing but this clone and its environment, one after the other.

    python bench/all.py [--quick]

`--quick` leaves out what takes minutes. Two comparisons are commands of their own, because they fetch the
other program's environment: with TensorFlow (1.5 GB), python bench/offline_vs_tensorflow.py CACHE, and
with mvsep-cli, python bench/mvsep_trip.py CACHE. What Chromium does with a long job is another:
python bench/panel_open.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
QUICK = (("command.py",), ("offline_sdr.py",), ("rates.py",), ("alignment.py", "--quick"))
LONG = (
    ("region_read.py",),
    ("alignment.py",),
    ("memory.py",),
    ("parts.py",),
    ("batch.py",),
    ("chain.py",),
    ("panel.py",),
)


def main() -> int:
    """Run them; give the number of those that failed."""
    failed = 0
    for name, *rest in QUICK if "--quick" in sys.argv[1:] else (*QUICK[:3], *LONG):
        print(f"\n== {name} {' '.join(rest)}", flush=True)
        failed += subprocess.run([sys.executable, str(HERE / name), *rest], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
