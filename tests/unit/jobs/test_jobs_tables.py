import csv
import gzip
import io

import pytest
from dropforge_jobs.errors import TableError, TargetError
from dropforge_jobs.tables import open_table
from hypothesis import given
from hypothesis import strategies as st

ROWS = [["23", "blue", "yes"], ["31", "red", "no"], ["?", "red", "yes"], ["52", "", "no"]]


def drop(folder, **files):
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def written(rows, delimiter=",", end="\n"):
    return "".join(delimiter.join(row) + end for row in rows)


def rows_of(table):
    return [list(row) for chunk in table.chunks() for row in zip(*chunk.columns, strict=True)]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_and_line_ends(tmp_path, delimiter, end):
    table = open_table(drop(tmp_path, a__csv=written([["age", "colour", "bought"], *ROWS], delimiter, end)), "bought")
    assert (table.delimiter, table.header, table.names) == (delimiter, True, ["age", "colour", "bought"])
    assert rows_of(table) == ROWS


@pytest.mark.parametrize("offset", range(4))
def test_quoted_line_breaks_wherever_the_sample_ends(tmp_path, offset):
    rows = [["id", "note", "y"]] + [[str(n), '"called ""us"",\nthen\n\nleft"', "no"] for n in range(400)]
    table = open_table(drop(tmp_path, a__csv="\n" * offset + written(rows)), "y")
    assert table.names == ["id", "note", "y"]
    assert rows_of(table)[399] == ["399", 'called "us",\nthen\n\nleft', "no"]


def test_header_by_target_name_even_if_everything_is_text(tmp_path):
    table = open_table(drop(tmp_path, a__csv="a,b\nx,y\n"), "b")
    assert table.header
    assert rows_of(table) == [["x", "y"]]


def test_header_is_found_for_an_index_too(tmp_path):
    assert open_table(drop(tmp_path, a__csv="age,colour\n1,red\n2,blue\n"), -1).names == ["age", "colour"]
    (tmp_path / "a.csv").write_text("1,red\n2,blue\n3,red\n")
    assert open_table(tmp_path, -1).header is False


def test_header_over_categories(tmp_path):
    rows = "".join(f"{'abc'[i % 3]},{'xy'[i % 2]}\n" for i in range(30))
    assert open_table(drop(tmp_path, a__csv="cap,odour\n" + rows), 0).header
    (tmp_path / "a.csv").write_text(rows)
    assert not open_table(tmp_path, 0).header


def test_pandas_index_column_gets_a_name(tmp_path):
    table = open_table(drop(tmp_path, a__csv=",age,y\n0,3,1\n1,4,0\n"), "y")
    assert table.names == ["column_0", "age", "y"]


def test_columns_name_a_headerless_file(tmp_path):
    table = open_table(drop(tmp_path, a__csv=written(ROWS)), "bought", ["age", "colour", "bought"])
    assert table.header is False
    assert table.target_index("bought") == 2
    assert rows_of(table) == ROWS


def test_columns_that_repeat_the_header_skip_it(tmp_path):
    header = ["age", "colour", "bought"]
    table = open_table(drop(tmp_path, a__csv=written([header, *ROWS])), "bought", header)
    assert rows_of(table) == ROWS


def test_columns_that_contradict_the_header_are_refused(tmp_path):
    text = written([["age", "colour", "bought"], *ROWS])
    with pytest.raises(TableError, match="header of its own"):
        open_table(drop(tmp_path, a__csv=text), "c", ["a", "b", "c"])
    with pytest.raises(TableError, match=r"names 2 columns, a\.csv has 3"):
        open_table(tmp_path, "b", ["a", "b"])


def test_quotes_newlines_spaces_and_bom(tmp_path):
    text = '\ufeffage, note\r\n1, "two\nlines, and ""quotes"""\r\n2 , plain\r\n\r\n\r\n'
    table = open_table(drop(tmp_path, a__csv=text), "note")
    assert table.names == ["age", "note"]
    assert rows_of(table) == [["1", 'two\nlines, and "quotes"'], ["2", "plain"]]
    assert [chunk.lines for chunk in table.chunks()] == [[2, 4]]


def test_full_stops_in_labels_stay(tmp_path):
    assert rows_of(open_table(drop(tmp_path, a__csv="1, <=50K.\n2, >50K.\n"), -1))[0][1] == "<=50K."


def test_gzip_whatever_the_name(tmp_path):
    table = open_table(drop(tmp_path, a__gz=gzip.compress(written(ROWS).encode())), -1)
    assert rows_of(table) == ROWS


def test_windows_text_is_read(tmp_path):
    table = open_table(drop(tmp_path, a__csv="n,stadt\n1,Köln\n2,Bonn\n".encode("cp1252")), "n")
    assert rows_of(table)[0] == ["1", "Köln"]


def test_several_files_each_with_header_or_none(tmp_path):
    table = open_table(drop(tmp_path, a__csv="x,y\n1,2\n", b__csv="x,y\n3,4\n", c__csv="5,6\n"), "y")
    assert rows_of(table) == [["1", "2"], ["3", "4"], ["5", "6"]]


def test_header_in_a_later_file_counts(tmp_path):
    table = open_table(drop(tmp_path, a__csv="1,2\n", b__csv="x,y\n3,4\n"), "y")
    assert rows_of(table) == [["1", "2"], ["3", "4"]]


def test_other_order_of_columns_is_refused(tmp_path):
    with pytest.raises(TableError, match=r"b\.csv.*another order"):
        rows_of(open_table(drop(tmp_path, a__csv="x,y\n1,2\n", b__csv="y,x\n3,4\n"), "y"))


def test_markers_hidden_empty_and_documents_are_passed_over(tmp_path):
    drop(tmp_path, a__csv=written(ROWS), _SUCCESS="", README__md="hello", e__csv="")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "with space ü.csv").write_text(written(ROWS[:1]))
    assert len(rows_of(open_table(tmp_path, -1))) == 5


def test_torn_row_names_file_line_and_fields(tmp_path):
    table = open_table(drop(tmp_path, a__csv="x,y\n1,2\n", b__csv="x,y\n3,4\n5\n"), "y")
    with pytest.raises(TableError, match=r"b\.csv, line 3: 2 fields expected, 1 found"):
        rows_of(table)


@pytest.mark.parametrize("lines", [3, 300, 900])
def test_open_quote_names_the_line_it_began_in(tmp_path, lines):
    drop(tmp_path, a__csv="x,y\n" + "1,2\n" * lines + '3,"oops\n' + "4,5\n" * 600)
    with pytest.raises(TableError, match=rf"a\.csv, line {lines + 2}: broken quoting"):
        rows_of(open_table(tmp_path, "y"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"PAR1....", "Parquet"),
        ("a.xlsx", b"PK\x03\x04....", "Excel"),
        ("a.json", b'{\n"a": 1}', "JSON Lines"),
        ("a.csv", b"x,y\n1,\x002\n", "NUL"),
        ("a.csv", b"only\none\ncolumn\n", "only one column"),
        ("a.csv", b"x,y\n1,\x81\n", "neither UTF-8"),
        ("a.csv.gz", gzip.compress(b"x,y\n1,2\n" * 500, mtime=0)[:-20], "damaged"),
    ],
)
def test_what_is_no_table_is_told_so(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=message):
        rows_of(open_table(tmp_path, "y"))


def test_nothing_left_to_read(tmp_path):
    with pytest.raises(TableError, match="holds no table"):
        open_table(drop(tmp_path, _SUCCESS=""), 0)


def test_target_problems_help(tmp_path):
    table = open_table(drop(tmp_path, a__csv=written([["age", "colour", "bought"], *ROWS])), "bought")
    assert table.target_index(-1) == 2
    with pytest.raises(TargetError, match="Did you mean 'colour'"):
        table.target_index("color")
    with pytest.raises(TargetError, match="0 to 2"):
        table.target_index(3)
    (tmp_path / "a.csv").write_text(written(ROWS))
    with pytest.raises(TargetError, match="no header row"):
        open_table(tmp_path, "bought").target_index("bought")


def test_doubled_names_are_refused(tmp_path):
    with pytest.raises(TableError, match="'x' twice"):
        open_table(drop(tmp_path, a__csv="x,x,y\n1,2,3\n"), "y")


def test_decimal_commas_do_not_confuse(tmp_path):
    assert open_table(drop(tmp_path, a__csv="1,5;2,5;3,5\n" * 5), 0).delimiter == ";"


FIELD = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufeff"), max_size=8).map(
    str.strip
)


@given(st.lists(st.tuples(FIELD, FIELD, st.sampled_from(["a", "b\nc", 'd"e', "f,g"])), min_size=1, max_size=20))
def test_what_csv_writes_is_read_back(tmp_path_factory, rows):
    stream = io.StringIO()
    csv.writer(stream).writerows([("one", "two", "three"), *rows])
    folder = tmp_path_factory.mktemp("drop")
    (folder / "a.csv").write_bytes(stream.getvalue().encode())
    table = open_table(folder, "three", ["one", "two", "three"])
    assert table.delimiter != "," or rows_of(table) == [list(row) for row in rows]
    assert b"".join(raw for chunk in table.chunks() for raw in chunk.raw) == stream.getvalue().encode()[15:]
