import random
import re
from html.parser import HTMLParser

import pytest
from dropforge_jobs.profile.words import esc, figure, prose, share
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.jobs.profile_tables import HEADER, people, profile_of

VOID = {"meta", "rect", "line", "path"}
OPEN_ENDED = {"tr", "td", "th"}
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "article", "header", "section", "footer"),
    *("div", "h1", "h2", "h3", "span", "p", "small", "a", "i", "u", "b", "code", "dl", "dt", "dd"),
    *("table", "tr", "td", "th", "svg", "rect", "line", "path", "text"),
}


class Page(HTMLParser):
    """Everything that a browser would make of the page; fails where tags do not match."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID | OPEN_ENDED or (tag == "rect" and not self.get_starttag_text().endswith("/>")):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def check(html):
    page = Page(html)
    assert set(page.tags) <= TAGS
    assert all(not name.startswith("on") and name not in ("src", "srcset") for name, _ in page.attributes)
    assert all(value.startswith("#c") for name, value in page.attributes if name == "href")
    assert "default-src 'none'" in html
    assert not re.search(r"url\(|@import|javascript:", html.split("</style>")[0])
    return page


EVIL = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=cmd|' /C calc'!A0", "</title><b>", "`x` & 'y'"]


def hostile(rows=60):
    names = ",".join('"' + text.replace('"', '""') + f' {place}"' for place, text in enumerate(EVIL))
    lines = [
        ",".join('"' + EVIL[(row + shift) % 5].replace('"', '""') + '"' for shift in range(5)) for row in range(rows)
    ]
    return (
        names + ",label\n" + "".join(f"{line},{'<u>yes' if row % 2 else '<u>no'}\n" for row, line in enumerate(lines))
    )


def test_nothing_in_the_data_becomes_markup(tmp_path):
    first = profile_of(tmp_path, hostile(), target="label")
    again = profile_of(tmp_path, hostile(80) + "torn <script>\n", target="label", previous=first.json)
    for found in (first, again):
        page = check(found.html)
        assert "<script" not in found.html
        assert any("<script>alert(1)</script>" in text for text in page.texts)
        assert any("=cmd|' /C calc'!A0" in text for text in page.texts)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=4, unique=True), st.data())
def test_any_names_and_values_make_a_page(tmp_path_factory, names, data):
    quoted = ['"' + name.replace('"', '""').replace("\0", "") + 'n"' for name in names]
    value = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10)
    rows = data.draw(st.lists(st.lists(value, min_size=len(names), max_size=len(names)), min_size=12, max_size=20))
    text = ",".join(quoted) + "\n"
    text += "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)
    found = profile_of(tmp_path_factory.mktemp("page"), text, target=-1)
    check(found.html)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", found.html)


def test_the_page_shows_what_a_person_looks_for(tmp_path):
    before = profile_of(tmp_path, HEADER, "".join(people(seed=9)), target="income").json
    lines = [*people(older=15), *people(3)]
    found = profile_of(tmp_path, HEADER, "".join(lines) + "torn\n", target="income", previous=before)
    page = check(found.html)
    text = " ".join(page.texts)
    assert "403 rows × 7 columns" in text
    assert "Refused for 1 reason" in text
    assert "part-1.csv:404" in text
    assert "the last one (400 rows)" in text
    assert "Always answering “low”" in text
    assert 'class="o"' in found.html  # the last data set's outline
    assert text.index("Findings") < text.index("Target") < text.index("Columns")
    assert page.tags.count("article") == 6


def test_a_table_of_very_many_columns_makes_a_page_that_opens(tmp_path):
    chance = random.Random(1)
    names = ",".join(f"measurement number {place} of the gauge" for place in range(900))
    rows = "".join(",".join(f"{chance.random():.3f}" for _ in range(899)) + f",{row % 2}\n" for row in range(60))
    found = profile_of(tmp_path, f"{names}\n{rows}", target=-1)
    page = check(found.html)
    assert page.tags.count("article") == 300
    assert page.tags.count("tr") == 600
    assert len(found.html.encode()) < 2_000_000


def test_a_table_without_rows_makes_a_page(tmp_path):
    assert "0 rows × 2 columns" in check(profile_of(tmp_path, "a,b\n", target="b").html).texts


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234567, "1,234,567"), (0.12345, "0.1235"), (12345.67, "12,346"), (3e38, "3e+38"), (1e-9, "1e-09")],
)
def test_figures_are_short(value, text):
    assert figure(value) == text


@pytest.mark.parametrize(("part", "text"), [(0, "0 %"), (1, "100 %"), (0.0004, "< 0.1 %"), (0.1234, "12.3 %")])
def test_shares_are_percent(part, text):
    assert share(part) == text


def test_backticks_of_ours_are_code_and_those_of_data_are_not():
    assert prose("set `a: <b>`") == "set <code>a: &lt;b&gt;</code>"
    assert prose("a ` alone") == "a ` alone"
    assert esc('"<&') == "&quot;&lt;&amp;"
