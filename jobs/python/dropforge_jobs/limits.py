"""How much of anything is read before it is called hostile. Each limit is far above what a table needs."""

from __future__ import annotations

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

#: What the process that reads may take in all, and what of it the kernel lets it ask for as data: the rest is what
#: Python and Arrow map as code (measured: 45 MiB resident with pyarrow 25).
MEMORY = 256 * MIB
DATA_MEMORY = 200 * MIB

#: What is read from a disk at once.
BLOCK = 64 * KIB
#: A line, and a record whose quoted fields run over several lines.
LINE_BYTES = MIB
#: Columns of a table.
COLUMNS = 20_000
#: A column's name, in bytes.
NAME_BYTES = 1024
#: What one chunk of a table holds at most, whichever is reached first.
CHUNK_CELLS = 200_000
CHUNK_BYTES = 4 * MIB

#: A gzip file may unpack to so many bytes, and, once it has given RATIO_FLOOR, to so many times its own size.
UNPACKED_BYTES = 16 * GIB
RATIO_FLOOR = 16 * MIB
RATIO = 200

#: How deep a JSON value may be nested before anything parses it.
DEPTH = 32

#: Parquet: the footer, a gzipped file when unpacked (it must lie on the disk to be read), and how many cells a byte
#: may stand for once there are more than CELLS_FLOOR of them.
FOOTER_BYTES = 8 * MIB
SPILL_BYTES = 2 * GIB
CELLS_FLOOR = 16_000_000
CELLS_PER_BYTE = 100
