"""gzip files and archives: damaged, hostile, or not what a table may be packed in."""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.poison.case import MIB, Case, as_gzip, let_through, made, packed_often, read, refused

ROWS = b"x,y\n1,a\n2,b\n"
GOOD = [["1", "a"], ["2", "b"]]
XY = ["x", "y"]
WIDE = b"1," + b"a" * 998 + b"\n"


def zip_of(**files: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def tar_of(name: str = "a.csv", mode: str = "w", **changes: object) -> bytes:
    """A tar with one member, whose head is as `changes` say."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:  # type: ignore[call-overload]
        entry = tarfile.TarInfo(name)
        entry.size = 0 if "type" in changes else len(ROWS)
        for attribute, value in changes.items():
            setattr(entry, attribute, value)
        archive.addfile(entry, io.BytesIO(ROWS))
    return target.getvalue()


def tar_head(size: int) -> bytes:
    """The head of a member that claims a size."""
    entry = tarfile.TarInfo("claims")
    entry.size = size
    return entry.tobuf()


def old_tar() -> bytes:
    """A tar as they were before there was a magic."""
    head = bytearray(tar_of()[:512])
    head[257:265] = b"\0" * 8
    head[148:156] = b" " * 8
    head[148:156] = f"{sum(head):06o}\0 ".encode()
    return bytes(head) + ROWS.ljust(512, b"\0")


def lying_zip(size: int) -> bytes:
    """A zip whose directory says that its member unpacks to `size` bytes."""
    data = bytearray(zip_of(a=b"0" * 100_000))
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", size)
    return bytes(data)


def overlapping_zip() -> bytes:
    """A zip bomb as Fifield made them: many entries of the directory share the same packed bytes."""
    data = zip_of(a=b"0" * 2_000_000)
    start, end = data.rindex(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    entry, count = data[start:end], 1000
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(entry) * count, start, 0)
    return data[:start] + entry * count + tail


def link_in_zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return target.getvalue()


def bomb(mib: int) -> Callable[[Path], None]:
    return packed_often(b"x,y\n", WIDE * 1024, mib)


GZIP = [
    read("gzip", as_gzip(ROWS), GOOD, XY, "data.csv.gz"),
    read("gzip_of_another_name", as_gzip(ROWS), GOOD, XY, "data.csv"),
    read("gzip_in_name_only", ROWS, GOOD, XY, "data.csv.gz"),
    read("gzip_of_two_members", as_gzip(b"x,y\n1,a\n") + as_gzip(b"2,b\n"), GOOD, XY),
    read("gzip_member_ends_within_a_row", as_gzip(b"x,y\n1,a\n2") + as_gzip(b",b\n"), GOOD, XY),
    read("gzip_of_5000_members", as_gzip(b"x,y\n") + as_gzip(b"1,a\n") * 5000, 5000, XY),
    read("gzip_of_empty_members", as_gzip(b"") * 500 + as_gzip(ROWS) + as_gzip(b"") * 500, GOOD, XY),
    read("gzip_padded_with_zeros", as_gzip(ROWS) + b"\0" * 200_000, GOOD, XY),
    refused("gzip_cut", as_gzip(b"x,y\n" + b"1,a\n" * 5000)[:-20], "gzip file is damaged"),
    refused("gzip_cut_in_its_head", as_gzip(ROWS)[:5], "gzip file is damaged"),
    refused("gzip_head_only", b"\x1f\x8b", "gzip file is damaged"),
    refused("gzip_wrong_checksum", as_gzip(ROWS)[:-8] + b"\0" * 8, "gzip file is damaged"),
    refused("gzip_wrong_method", b"\x1f\x8b\x07" + as_gzip(ROWS)[3:], "gzip file is damaged"),
    refused("gzip_reserved_flags", b"\x1f\x8b\x08\xe0" + as_gzip(ROWS)[4:], "gzip file is damaged"),
    refused("gzip_with_a_tail", as_gzip(ROWS) + b"tail", "something else follows"),
    refused("gzip_with_a_tail_late", as_gzip(b"x,y\n" + b"1,a\n" * 50_000) + b"tail", "something else follows"),
    refused("gzip_second_member_cut", as_gzip(ROWS) + as_gzip(ROWS)[:-9], "gzip file is damaged"),
    refused("gzip_of_nothing", as_gzip(b""), "no row"),
    refused("gzip_of_a_mark", as_gzip(b"\xef\xbb\xbf"), "no row"),
    refused("gzip_in_gzip", as_gzip(as_gzip(ROWS)), "gzip file within a gzip file"),
    refused("gzip_bomb", bomb(64), "200 times its size"),
    refused("gzip_bomb_of_10_gb", bomb(10 * 1024), "200 times its size"),
    refused("gzip_bomb_of_zeros", packed_often(b"", b"\0" * MIB, 1024), "longer than 1 MiB|NUL"),
    refused(
        "gzip_bomb_of_blank_lines", packed_often(b"x,y\n", (b" " * 1023 + b"\n") * 1024, 256), "200 times its size"
    ),
    refused("gzip_of_a_zip", as_gzip(zip_of(a=ROWS)), "zip archive"),
    refused("gzip_of_a_tar", as_gzip(tar_of()), "tar archive"),
    refused("gzip_endless_name", b"\x1f\x8b\x08\x08" + b"\0" * 6 + b"n" * 3 * MIB, "gzip file is damaged"),
]

ARCHIVES = [
    refused("zip", zip_of(a=ROWS), "zip archive or an Excel"),
    refused("zip_empty", zip_of(), "empty zip archive"),
    refused("tar", tar_of(), "tar archive"),
    refused("tar_without_magic", old_tar(), "tar archive"),
    refused("tar_gz", tar_of(mode="w:gz"), "tar archive", "data.tar.gz"),
    refused("bz2", bz2.compress(ROWS), "bzip2"),
    refused("xz", lzma.compress(ROWS), "xz archive"),
    refused("zlib", zlib.compress(ROWS * 100), "only one column|NUL|neither|line"),
]

#: What a script's project may drop, and what it may not.
BYTES = [
    let_through("script_png", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "a.png"),
    let_through("script_pickle", b"\x80\x04\x95\x0b\0\0\0\0\0\0\0\x8c\x07nothing\x94.", "a.pkl"),
    let_through("script_text", b"anything \0 \xff", "a.txt"),
    let_through("script_gzip", as_gzip(ROWS), "a.csv.gz"),
    let_through("script_zip", zip_of(a=ROWS), "a.zip"),
    let_through("script_tar", tar_of(mode="w:gz"), "a.tar.gz"),
    refused(
        "script_gzip_bomb", packed_often(b"", b"\0" * MIB, 10 * 1024), "200 times its size", "a.bin", tabular=False
    ),
    refused("script_gzip_cut", as_gzip(ROWS * 999)[:-9], "gzip file is damaged", "a.gz", tabular=False),
    refused("script_zip_bomb", made(lambda: zip_of(a=b"0" * 64 * MIB)), "zip bomb", "a.zip", tabular=False),
    refused("script_zip_that_lies", made(lambda: lying_zip(0xFFFFFFF0)), "zip bomb", "a.zip", tabular=False),
    refused("script_zip_overlapping", made(overlapping_zip), "overlap, as a zip bomb", "a.zip", tabular=False),
    refused("script_zip_slip", zip_of(**{"../../evil": ROWS}), "outside of the folder", "a.zip", tabular=False),
    refused("script_zip_absolute", zip_of(**{"/etc/evil": ROWS}), "outside of the folder", "a.zip", tabular=False),
    refused("script_zip_backslash", zip_of(**{"..\\evil": ROWS}), "outside of the folder", "a.zip", tabular=False),
    refused("script_zip_drive", zip_of(**{"C:evil": ROWS}), "outside of the folder", "a.zip", tabular=False),
    refused("script_zip_link", link_in_zip(), "is a link", "a.zip", tabular=False),
    refused(
        "script_zip_cut", zip_of(a=ROWS)[:-30] + b"PK\x05\x06" + b"\xff" * 18, "damaged|members", "a.zip", tabular=False
    ),
    refused("script_tar_slip", tar_of("../evil"), "outside of the folder", "a.tar", tabular=False),
    refused("script_tar_absolute", tar_of("/etc/evil"), "outside of the folder", "a.tar", tabular=False),
    refused(
        "script_tar_symlink", tar_of("a", type=tarfile.SYMTYPE, linkname="/etc"), "is a link", "a.tar", tabular=False
    ),
    refused("script_tar_link", tar_of("a", type=tarfile.LNKTYPE, linkname="../x"), "is a link", "a.tar", tabular=False),
    refused("script_tar_device", tar_of("a", type=tarfile.CHRTYPE), "device or pipe", "a.tar", tabular=False),
    refused(
        "script_tar_pipe", tar_of("a", mode="w:gz", type=tarfile.FIFOTYPE), "device or pipe", "a.tgz", tabular=False
    ),
    refused("script_tar_cut", tar_head(10_000_000) + ROWS, "damaged", "a.tar", tabular=False),
    refused(
        "script_tar_bomb",
        packed_often(tar_head((1 << 33) - 1), b"\0" * MIB, 8 * 1024),
        "200 times",
        "a.tgz",
        tabular=False,
    ),
]

CASES: list[Case] = [*GZIP, *ARCHIVES, *BYTES]
