"""`make soak`: many generated sequences. What fails is shrunk and shown; `--seed N --count 1` plays one again."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.soak import run

CHUNK = 250


def main() -> int:
    """Play the sequences on all processors; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="how many sequences")
    parser.add_argument("--seed", type=int, default=0, help="the first one's seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.count)
    chunks = [seeds[i : i + CHUNK] for i in range(0, len(seeds), CHUNK)]
    begun, played, failed = time.monotonic(), 0, None
    with ProcessPoolExecutor(given.processes) as pool:
        for found, count in pool.map(run.first_failure, chunks):
            played += count
            rate = played / (time.monotonic() - begun)
            print(f"\r{played:,} of {given.count:,} sequences, {rate:,.0f} a second", end="", flush=True)
            if found is not None:
                failed = found
                pool.shutdown(wait=False, cancel_futures=True)
                break
    print()
    if failed is None:
        print(f"Every promise held in {played:,} sequences ({time.monotonic() - begun:,.0f} s).")
        return 0
    print(run.told(failed, tries=3_000))
    return 1


if __name__ == "__main__":
    sys.exit(main())
