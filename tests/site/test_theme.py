"""The parts of publishing that shape the pages, each by itself."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from publishing import theme, theme_finish, theme_glossary, theme_maths, theme_share, theme_styles
from tests.site.conftest import ROOT


def test_style_attributes_become_classes() -> None:
    rules: dict[str, str] = {}
    page = '<p style="color: red; top:1px">a</p><b class="x" style="color: red; top:1px">b</b><i style="">c</i>'
    moved = theme_finish.move_styles(page, rules)
    [(name, body)] = rules.items()
    assert body == "color: red !important;top:1px !important"
    assert moved == f'<p class="{name}">a</p><b class="{name} x">b</b><i>c</i>'


def test_text_that_looks_like_a_style_attribute_stays() -> None:
    page = """<div data-state='{"html": "<p style=\\"a: b\\">"}'>x &lt;p style="a"&gt; <code>style="b"</code></div>"""
    assert theme_finish.move_styles(page, {}) == page


def test_pixels_in_the_page_become_files(tmp_path: Path) -> None:
    picture = '<image xlink:href="data:image/png;base64,%0AaGVsbG8=\n"/>'.replace("%0A", "")
    page = theme_finish.move_pictures(picture + picture, "book/cnn/lenet.html", tmp_path)
    [file] = (tmp_path / "_images").iterdir()
    assert file.read_bytes() == b"hello"
    assert page == f'<image xlink:href="../../_images/{file.name}"/>' * 2
    assert theme_finish.move_pictures(picture, "index.html", tmp_path).startswith('<image xlink:href="_images/')


def test_front_page_reads_the_same_one_level_up() -> None:
    page = '<html data-content_root="../"><a href="cnn/lenet.html#top">x</a><a href="../search.html">y</a><a href="#z">'
    page += '<a href="https://example.org/">o</a><script src="../_static/a.js?v=1"></script>'
    assert theme_finish.front_page(page, "book") == (
        '<html data-content_root="./"><a href="book/cnn/lenet.html#top">x</a><a href="search.html">y</a><a href="#z">'
        '<a href="https://example.org/">o</a><script src="_static/a.js?v=1"></script>'
    )


def test_only_rules_that_can_apply_are_kept() -> None:
    css = (
        "@charset 'utf-8';a{b:c}.used,.gone{b:c}.gone p{b:c}p:not(.gone){b:c}.used:is(.gone, .other){b:c}"
        "@media print{.gone{b:c}}@media screen{.used>b{b:c}}@font-face{font-family:Icons}.md\\:used{b:c}:root{--x:1}"
    )
    assert theme_styles.prune(css, {"used"}).splitlines() == [
        "a{b:c}",
        ".used{b:c}",
        "p:not(.gone){b:c}",
        ".used:is(.gone, .other){b:c}",
        "@media screen{.used>b{b:c}}",
        ":root{--x:1}",
    ]


def test_names_in_use_are_those_of_pages_and_scripts() -> None:
    names = theme_styles.names_in_use(['<p class="a b" id="c">d</p>'], ['button.className = "copy"'])
    assert {"a", "b", "c", "copy"} <= names
    assert "d" not in names


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"GITHUB_REPOSITORY": "someone/fork"}, "https://github.com/someone/fork"),
        ({"GITHUB_REPOSITORY": "a/b", "GITHUB_SERVER_URL": "https://git.example.org"}, "https://git.example.org/a/b"),
    ],
)
def test_repository_is_what_actions_say(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("GITHUB_REPOSITORY", "GITHUB_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert theme.repository_url(tmp_path) == expected


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("git@github.com:someone/live.book.git", "https://github.com/someone/live.book"),
        ("https://token@github.com/someone/live/", "https://github.com/someone/live"),
        ("ssh://git@gitlab.com/someone/live.git", "https://gitlab.com/someone/live"),
        ("/srv/git/live.git", None),
        ("https://example.org/someone/live.git", None),
        (None, None),
    ],
)
def test_repository_is_the_remote_elsewhere(
    remote: str | None, expected: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    (tmp_path / ".git").mkdir()
    lines = "[core]\n\trepositoryformatversion = 0\n" + (f'[remote "origin"]\n\turl = {remote}\n' if remote else "")
    (tmp_path / ".git" / "config").write_text(lines)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git" / "objects").mkdir()
    (tmp_path / ".git" / "refs").mkdir()
    assert theme.repository_url(tmp_path) == expected


def test_base_url_ends_with_a_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOK_BASE_URL", "https://example.org/book")
    assert theme.base_url() == "https://example.org/book/"
    monkeypatch.delenv("BOOK_BASE_URL")
    assert theme.base_url() == ""


def test_maths_is_rendered_and_a_mistake_is_named() -> None:
    renderer = theme_maths.Renderer()
    try:
        html = renderer.render(r"\frac{a}{b}", display=False)
        assert "<math" in html and "katex-html" in html and "katex-display" not in html
        assert "katex-display" in renderer.render(r"\text{感受野} = k", display=True)
        with pytest.raises(ValueError, match=r"\\nosuchthing"):
            renderer.render(r"\nosuchthing", display=True)
        assert "<math" in renderer.render("x", display=False)  # one mistake does not end the process
    finally:
        renderer.close()


def test_glossary_is_complete_and_each_term_stands_once(tmp_path: Path) -> None:
    entries = theme_glossary.read_glossary(ROOT / "book" / "glossary.yml")
    for entry in entries:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in entry["chinese"]), entry
        assert entry["meaning"].endswith("."), entry
        assert (ROOT / "lessons_src" / f"{entry['lesson']}.md").exists(), entry
    twice = tmp_path / "twice.yml"
    row = "- {term: %s, chinese: 轴, meaning: One., lesson: a/b}\n"
    twice.write_text(row % "axis" + row % "Axis", encoding="utf-8")
    with pytest.raises(ValueError, match="axis more than once"):
        theme_glossary.read_glossary(twice)
    twice.write_text("- {term: axis, chinese: 轴}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="axis needs exactly chinese, lesson, meaning, term"):
        theme_glossary.read_glossary(twice)


def test_terms_of_the_glossary_are_used_where_it_says() -> None:
    for entry in theme_glossary.read_glossary(ROOT / "book" / "glossary.yml"):
        text = (ROOT / "lessons_src" / f"{entry['lesson']}.md").read_text("utf-8")
        assert entry["chinese"] in text, f"{entry['lesson']} does not name {entry['chinese']} ({entry['term']})"


def test_lock_file_names_no_registry() -> None:
    assert "resolved" not in (ROOT / "assets" / "package-lock.json").read_text("utf-8")


def test_sitemap_is_one() -> None:
    text = theme_share.sitemap(["index.html", "book/a&b.html"], "https://example.org/book/")
    root = ElementTree.fromstring(text)
    found = [place.text for place in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert found == ["https://example.org/book/index.html", "https://example.org/book/book/a&b.html"]


def test_social_card_is_drawn_in_its_size(tmp_path: Path) -> None:
    theme_share.draw_card(tmp_path / "card.png", "A title", "and what it is about")
    with Image.open(tmp_path / "card.png") as card:
        assert card.size == theme_share.CARD_SIZE
        assert len(set(card.convert("L").tobytes())) > 50  # something is drawn
    assert (tmp_path / "card.png").stat().st_size < 300_000
