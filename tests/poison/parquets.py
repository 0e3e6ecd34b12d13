"""Parquet files that lie, burst, or hold what no table may."""

from __future__ import annotations

import datetime
import decimal
import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet

from tests.poison.case import MIB, Case, as_gzip, made, read, refused, repeated

UTC = datetime.UTC


def written(**columns: object) -> bytes:
    return _table(
        {name: arrow.array(values) if isinstance(values, list) else values for name, values in columns.items()}
    )


def _table(columns: dict[str, object], **options: object) -> bytes:
    target = io.BytesIO()
    arrow.parquet.write_table(arrow.table(columns), target, **options)
    return target.getvalue()


GOOD = written(a=[1, 2, None], b=["x", "y", "z"])


def footer_length(length: int, data: bytes = GOOD) -> bytes:
    return data[:-8] + length.to_bytes(4, "little") + b"PAR1"


def garbled(data: bytes, start: int, count: int) -> bytes:
    """The file with some of its bytes turned over; a negative start counts from the end."""
    place = start if start >= 0 else len(data) + start
    return data[:place] + bytes(byte ^ 0xFF for byte in data[place : place + count]) + data[place + count :]


def more_rows(data: bytes, rows: int, claimed: int) -> bytes:
    """A footer that claims other numbers of rows: thrift has them as zigzag varints."""
    end = data.rindex(b"PAR1")
    length = int.from_bytes(data[end - 4 : end], "little")
    footer = data[end - 4 - length : end - 4].replace(_varint(rows), _varint(claimed))
    return data[: end - 4 - length] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def _varint(number: int) -> bytes:
    value, found = number << 1, bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def same_text_often(length: int, rows: int) -> bytes:
    """Gigabytes of text in a few kilobytes: a dictionary of one long text, and run-length encoded indices."""
    text = arrow.DictionaryArray.from_arrays(arrow.array([0] * rows, arrow.int32()), arrow.array(["x" * length]))
    return _table({"a": arrow.array(range(rows)), "b": text}, compression="zstd")


def packed_zeros() -> bytes:
    """A page of 64 MiB, packed into some kilobytes."""
    return _table(
        {"a": arrow.array([1]), "b": arrow.array(["x" * 64 * MIB])},
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
    )


def many_rows_of_nothing(rows: int) -> bytes:
    return _table({"a": arrow.nulls(rows, arrow.int64()), "b": arrow.nulls(rows, arrow.int64())})


def wide(columns: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(_table({f"c{n}": arrow.array([1, 2]) for n in range(columns)}))

    return write


def without_rows(columns: int) -> bytes:
    target = io.BytesIO()
    schema = arrow.schema([(f"c{n}", arrow.int64()) for n in range(columns)])
    arrow.parquet.ParquetWriter(target, schema).close()
    return target.getvalue()


def one_group(rows: int) -> bytes:
    """A row group far larger than what may be held, of numbers that do not pack well."""
    numbers = arrow.array([n * 2654435761 % 4294967291 for n in range(rows)])
    return _table({"a": numbers, "b": numbers}, row_group_size=rows, compression="none", use_dictionary=False)


MOMENT = datetime.datetime(2024, 1, 31, 10, 0, tzinfo=UTC)
TYPES = {
    "n": arrow.array([1, None]),
    "f": arrow.array([0.1, float("nan")], arrow.float32()),
    "d": arrow.array([1.0, 1e300]),
    "t": arrow.array([True, False]),
    "m": arrow.array([decimal.Decimal("1.10"), None]),
    "s": arrow.array([MOMENT.replace(tzinfo=None)] * 2, arrow.timestamp("ns")),
    "z": arrow.array([MOMENT, MOMENT.replace(microsecond=5)], arrow.timestamp("us", "Europe/Berlin")),
    "day": arrow.array([datetime.date(2024, 1, 31)] * 2),
    "c": arrow.array(["red", "blue"]).dictionary_encode(),
    "b": arrow.array([b"raw", b" text "]),
    "e": arrow.nulls(2),
}
TEXTS = [
    ["1", "0.1", "1.0", "true", "1.10", "2024-01-31 10:00:00", "2024-01-31 10:00:00Z", "2024-01-31", "red", "raw", ""],
    [
        "",
        "nan",
        "1e+300",
        "false",
        "",
        "2024-01-31 10:00:00",
        "2024-01-31 10:00:00.000005Z",
        "2024-01-31",
        "blue",
        "text",
        "",
    ],
]
AB = ["a", "b"]
ROWS = [["1", "x"], ["2", "y"], ["", "z"]]
DAMAGED = "Parquet file cannot be read"
MEMORY = "more than 256 MiB of memory|decompression bomb|more than 262,144 characters"


def _read(id: str, content: bytes | Callable[[Path], None], rows: list[list[str]] | int, names: list[str]) -> Case:  # noqa: A002
    return read(f"parquet_{id}", content, rows, names, "data.parquet")


def _refused(id: str, content: bytes | Callable[[Path], None], reason: str) -> Case:  # noqa: A002
    return refused(f"parquet_{id}", content, reason, "data.parquet")


CASES: list[Case] = [
    _read("good", GOOD, ROWS, AB),
    read("parquet_of_another_name", GOOD, ROWS, AB, "data.csv"),
    _read("gzipped", as_gzip(GOOD), ROWS, AB),
    _read("all_types", _table(TYPES), TEXTS, list(TYPES)),
    _read(
        "formula_and_controls",
        written(a=["=CMD()", "\x1b[2J"], b=["<b>", "\u202ex"]),
        [["=CMD()", "<b>"], ["\x1b[2J", "\u202ex"]],
        AB,
    ),
    _read("line_ends_and_quotes", written(a=['x\n"y"', "\r"], b=[1, 2]), [['x\n"y"', "1"], ["", "2"]], AB),
    _read("no_rows", written(a=arrow.array([], arrow.int64()), b=arrow.array([], arrow.string())), [], AB),
    _read("odd_names", written(**{"a.b": [1], "\u202ec": ["x"]}), [["1", "x"]], ["a.b", "\u202ec"]),
    _read("row_group_of_24_mb", made(lambda: one_group(1_500_000)), 1_500_000, AB),
    _read("five_thousand_columns", wide(5_000), 2, [f"c{n}" for n in range(5_000)]),
    _refused("magic_only", b"PAR1", DAMAGED),
    _refused("magic_twice", b"PAR1PAR1", DAMAGED),
    _refused("twelve_bytes", b"PAR1\0\0\0\0PAR1", DAMAGED),
    _refused("cut", GOOD[:-10], "cut off"),
    _refused("half", GOOD[: len(GOOD) // 2], "cut off"),
    _refused("without_footer", GOOD[:-8], "cut off"),
    _refused("footer_longer_than_the_file", footer_length(1 << 20), "footer claims"),
    _refused("footer_of_4_gb", footer_length(0xFFFFFFFF), "footer claims"),
    _refused("footer_of_nothing", footer_length(0), DAMAGED),
    _refused("footer_too_short", footer_length(10), DAMAGED),
    _refused("footer_of_zeros", b"PAR1" + b"\0" * 4096 + (4000).to_bytes(4, "little") + b"PAR1", DAMAGED),
    _refused("footer_of_ones", b"PAR1" + b"\xff" * 4096 + (4000).to_bytes(4, "little") + b"PAR1", DAMAGED),
    _refused(
        "footer_of_20_mb", repeated(b"PAR1", b"\x19" * MIB, 20, (20 * MIB).to_bytes(4, "little") + b"PAR1"), "8 MiB"
    ),
    _refused("footer_garbled", garbled(GOOD, -200, 40), DAMAGED),
    _refused("pages_garbled", garbled(GOOD, 4, 60), DAMAGED),
    _refused(
        "page_head_garbled",
        garbled(_table({"a": [1] * 50, "b": [2] * 50}, compression="none"), 4, 12),
        DAMAGED + "|" + MEMORY,
    ),
    _refused("claims_more_rows", more_rows(written(a=list(range(900)), b=[1] * 900), 900, 1000), DAMAGED),
    _refused(
        "claims_a_billion_rows", more_rows(written(a=list(range(900)), b=[1] * 900), 900, 10**9), "decompression bomb"
    ),
    _refused("rows_of_nothing", made(lambda: many_rows_of_nothing(9_000_000)), "decompression bomb"),
    _refused("one_text_a_million_times", made(lambda: same_text_often(200_000, 100_000)), MEMORY),
    _refused("a_page_that_bursts", made(packed_zeros), MEMORY),
    _refused("too_many_columns", made(lambda: without_rows(20_001)), "20,001 columns"),
    _refused("nested_list", written(a=[1], b=[[1, 2]]), "'b' holds list"),
    _refused("nested_struct", written(a=[1], b=[{"c": 1}]), "'b' holds struct"),
    _refused("no_text", written(a=[1], b=[b"\xff\xfe\x80"]), DAMAGED),
    _refused("nul_in_a_text", written(a=[1], b=["x\0y"]), "holds a NUL"),
    _refused("nul_in_a_name", written(**{"a\0b": [1], "c": [2]}), "cannot name a column"),
    _refused("empty_name", written(**{"": [1], "c": [2]}), "cannot name a column"),
    _refused("a_date_out_of_range", written(a=[1], b=arrow.array([2**62], arrow.timestamp("us"))), DAMAGED),
    _refused("gzip_cut", as_gzip(GOOD)[:-20], "gzip file is damaged"),
]
