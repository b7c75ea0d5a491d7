"""The summaries at the top of long pages say what stands below, and links lead to headings."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
SETS = (50, 60, 34)
"""How many clips yoga6, gym67 and gym14 have."""


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def anchors(page):
    """The names that a page's headings have as links, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def means_and_ranges():
    """Of each table, from the first: by scorer, mean, lowest and highest of each set."""
    found = []
    for line in PAGE.splitlines():
        scorer = re.match(r"\| `(dtw|dtw_steps|competitive)`[^|]*\|", line)
        if not scorer or line.count(" / ") < 15:
            continue
        sets = [re.findall(r"\d+", cell.partition(", mean")[0]) for cell in cells(line)[1:]]
        shares = [[int(share) for share in one] for one in sets]
        # Of whole clips, since a cell is rounded.
        right = [
            [round(share * n / 100) for share in one] for one, n in zip(shares, SETS, strict=True)
        ]
        if scorer[1] == "dtw":
            found.append({"count": len(shares[0])})
        found[-1][scorer[1]] = [
            (100 * sum(clips) / n / len(clips), min(one), max(one))
            for clips, one, n in zip(right, shares, SETS, strict=True)
        ]
    return found


def test_means_and_ranges_are_those_of_the_tables():
    known = means_and_ranges()
    assert len(known) == 12
    summary = re.findall(r"^\|.*\(\d+ to \d+\).*$", PAGE, re.MULTILINE)
    assert len(summary) == 36
    tables = iter(known)
    for line in summary:
        scripts, scorer, *sets = cells(line)
        if scripts:
            table = next(tables)
            assert f"; {table['count']} (" in scripts
        for said, (mean, low, high) in zip(sets, table[scorer.strip("`")], strict=True):
            # The tables' own means are of shares with one digit.
            assert float(said.split()[0]) == pytest.approx(mean, abs=0.1)
            assert said.endswith(f"({low} to {high})")


def test_the_trainings_page_sums_up_the_same():
    page = (ROOT / "training" / "README.md").read_text(encoding="utf-8")
    [line] = re.findall(r"^\|.*\(\d+ to \d+\).*$", page, re.MULTILINE)
    for said, (mean, low, high) in zip(
        cells(line), means_and_ranges()[0]["competitive"], strict=True
    ):
        assert said == f"{mean:.1f} ({low} to {high})"


def test_the_readme_has_the_same_ranges():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| (?:one wording.*)?\| `.*\d+ to \d+ \|$", page, re.MULTILINE)
    said = [cells(line)[2:] for line in lines]
    first, *others = means_and_ranges()
    known = [
        [
            f"{min(low for _, low, _ in one)} to {max(high for _, _, high in one)}"
            for one in list(zip(*(table[scorer] for table in tables), strict=True))[:2]
        ]
        for tables in ([first], others)
        for scorer in ("competitive", "dtw")
    ]
    assert said == known


def test_links_into_a_page_lead_to_its_headings():
    for page in sorted([*ROOT.glob("*.md"), *ROOT.glob("*/*.md")]):
        text = page.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", text):
            there = page if not target else page.parent / target
            if there.suffix == ".md":
                assert anchor in anchors(there), f"{page.name} links to {target}#{anchor}"


def test_every_number_of_the_short_answers_stands_below():
    top, _, rest = PAGE.partition("## The programs")
    answers = [
        cells(line)[1] for line in top.splitlines() if line.count("|") == 4 and "](#" in line
    ]
    assert len(answers) == 10
    for answer in answers:
        for number in re.findall(r"\d+\.\d+|\d{2,}(?:,\d{3})*", answer):
            assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.]*\d)", rest), (number, answer)
