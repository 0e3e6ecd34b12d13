import gzip
import io
import tarfile

import pytest
from dropforge_jobs.errors import ModelError
from dropforge_jobs.package import extract, package, read_members
from hypothesis import given
from hypothesis import strategies as st


def tar(members, mtime=0):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.uname = len(content), mtime, "someone"
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def packed(source, additions):
    target = io.BytesIO()
    digest = package(io.BytesIO(source), target, additions)
    return target.getvalue(), digest


NAMES = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)


@given(NAMES, NAMES, st.binary(max_size=50))
def test_same_content_same_bytes(old, new, content):
    additions = {f"code/{name}": content for name in new}
    one = packed(tar([(name, b"x" + name.encode()) for name in old], 1), additions)
    two = packed(tar([(f"./{name}", b"x" + name.encode()) for name in reversed(old)], 2), additions)
    assert one == two
    assert read_members(io.BytesIO(one[0])) == {**{name: b"x" + name.encode() for name in old}, **additions}


def test_additions_replace_and_members_are_sorted(tmp_path):
    content, digest = packed(tar([("b", b"old"), ("a", b"1")]), {"b": b"new", "code/x.py": b"2"})
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert archive.getnames() == ["a", "b", "code/x.py"]
        assert {member.mtime for member in archive} == {0}
    assert len(digest) == 64
    extract(io.BytesIO(content), tmp_path)
    assert (tmp_path / "code" / "x.py").read_bytes() == b"2"
    assert (tmp_path / "b").read_bytes() == b"new"


@pytest.mark.parametrize("name", ["/etc/passwd", "../out", "a/../../out", "a\\..\\b"])
def test_paths_outside_are_refused(tmp_path, name):
    with pytest.raises(ModelError, match="not a path inside"):
        extract(io.BytesIO(tar([(name, b"x")])), tmp_path)
    with pytest.raises(ModelError, match="not a path inside"):
        packed(tar([(name, b"x")]), {})
    with pytest.raises(ModelError, match="not a path inside"):
        packed(tar([]), {name: b""})


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        entry = tarfile.TarInfo("link")
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)
    stream.seek(0)
    with pytest.raises(ModelError, match="no plain file"):
        extract(stream, tmp_path)


@pytest.mark.parametrize(
    "data",
    [b"", b"junk", gzip.compress(b"junk", mtime=0), tar([("a", b"x" * 4000)])[:60]],
    ids=["empty", "junk", "gzip", "cut"],
)
def test_damage_is_told(data):
    with pytest.raises(ModelError, match="damaged"):
        read_members(io.BytesIO(data))


def test_limit():
    with pytest.raises(ModelError, match="more than 10 bytes"):
        read_members(io.BytesIO(tar([("a", b"x" * 11)])), limit=10)
