"""Makes the documents that are measured: `make.py FOLDER`. The same on every run.

Each format gets a folder. Beside each document stands its truth, the words that are in it, in a file that ends in
`.words`. Nothing of it is made by what is measured.
"""

import csv
import html
import io
import json
import pathlib
import random
import sys
import zipfile

import docx
import openpyxl
import pptx
import xlwt
from ebooklib import epub
from reportlab.lib import styles
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

SYLLABLES = "ba ko ri ten lo mas ver du sha pel ni gor ta fle min xu".split()
VOCABULARY = [a + b + c for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES]
chance = random.Random(11)


def words(count):
    return " ".join(chance.choice(VOCABULARY) for _ in range(count))


def sentence():
    return words(chance.randint(6, 18)).capitalize() + "."


def paragraph():
    return " ".join(sentence() for _ in range(chance.randint(2, 6)))


def section(paragraphs):
    return words(4).capitalize(), [paragraph() for _ in range(paragraphs)]


def rows(count):
    head = ["number", "customer", "city", "product", "amount", "note"]
    body = [
        [str(at), words(2), words(1), words(1), f"{chance.randint(100, 99999) / 100:.2f}", words(4)]
        for at in range(1, count + 1)
    ]
    return [head, *body]


def flat(sections=(), tables=()):
    lines = [line for title, body in sections for line in (title, *body)]
    return lines + [" ".join(row) for table in tables for row in table]


def text(at):
    sections = [section(10) for _ in range(25)]
    return "\n\n".join(flat(sections)).encode(), flat(sections)


def markdown(at):
    sections, table = [section(8) for _ in range(20)], rows(60)
    parts = [f"## {title}\n\n" + "\n\n".join(body) for title, body in sections]
    parts.append("\n".join(["| " + " | ".join(row) + " |" for row in [table[0], ["---"] * 6, *table[1:]]]))
    return "\n\n".join(parts).encode(), flat(sections, [table])


def web(at):
    sections, table = [section(8) for _ in range(20)], rows(100)
    out = ["<!doctype html><html><head><meta charset=utf-8><title>page</title><style>p{margin:0}</style></head><body><main>"]
    for title, body in sections:
        out.append(f"<h2>{html.escape(title)}</h2>")
        out += [f"<p>{html.escape(line)}</p>" for line in body]
    cells = lambda row, name: "".join(f"<{name}>{html.escape(cell)}</{name}>" for cell in row)
    out.append("<table><tr>" + cells(table[0], "th") + "</tr>")
    out += [f"<tr>{cells(row, 'td')}</tr>" for row in table[1:]]
    out.append("</table></main></body></html>")
    return "\n".join(out).encode(), flat(sections, [table])


def comma(at):
    table, out = rows(8_000), io.StringIO()
    csv.writer(out).writerows(table)
    return out.getvalue().encode(), flat(tables=[table])


def objects(at):
    table = rows(3_000)
    return json.dumps([dict(zip(table[0], row)) for row in table[1:]], indent=1).encode(), flat(tables=[table[1:]])


def word(at):
    sections, table, file = [section(6) for _ in range(25)], rows(60), docx.Document()
    for title, body in sections:
        file.add_heading(title, 1)
        for line in body:
            file.add_paragraph(line)
    grid = file.add_table(len(table), 6)
    for cells, row in zip(grid.rows, table):
        for cell, value in zip(cells.cells, row):
            cell.text = value
    return saved(file), flat(sections, [table])


def slides(at):
    sections, file = [section(3) for _ in range(30)], pptx.Presentation()
    for title, body in sections:
        slide = file.slides.add_slide(file.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "\n".join(body)
    return saved(file), flat(sections)


def workbook(at):
    tables, file = [rows(1_000) for _ in range(3)], openpyxl.Workbook()
    file.remove(file.active)
    for number, table in enumerate(tables):
        sheet = file.create_sheet(f"Sheet{number}")
        for row in table:
            sheet.append(row)
    return saved(file), flat(tables=tables)


def old_workbook(at):
    table, file = rows(2_000), xlwt.Workbook()
    sheet = file.add_sheet("Sheet")
    for at, row in enumerate(table):
        for column, value in enumerate(row):
            sheet.write(at, column, value)
    return saved(file), flat(tables=[table])


def pages(at):
    sections, table, out = [section(6) for _ in range(12)], rows(40), io.BytesIO()
    look = styles.getSampleStyleSheet()
    story = []
    for title, body in sections:
        story.append(Paragraph(html.escape(title), look["Heading2"]))
        for line in body:
            story += [Paragraph(html.escape(line), look["BodyText"]), Spacer(1, 6)]
    story.append(Table(table, style=[("GRID", (0, 0), (-1, -1), 0.5, "black"), ("FONTSIZE", (0, 0), (-1, -1), 6)]))
    SimpleDocTemplate(out, invariant=1).build(story)
    return out.getvalue(), flat(sections, [table])


def book(at):
    sections, file = [section(20) for _ in range(12)], epub.EpubBook()
    file.set_identifier(f"book-{at}")
    file.set_title("book")
    chapters = []
    for number, (title, body) in enumerate(sections):
        chapter = epub.EpubHtml(title=title, file_name=f"c{number}.xhtml")
        chapter.content = f"<h1>{title}</h1>" + "".join(f"<p>{line}</p>" for line in body)
        file.add_item(chapter)
        chapters.append(chapter)
    file.spine = chapters
    file.add_item(epub.EpubNcx())
    out = io.BytesIO()
    epub.write_epub(out, file)
    return out.getvalue(), flat(sections)


def archive(at):
    out, truth = io.BytesIO(), []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for make, name in ((text, "a.txt"), (comma, "b.csv"), (word, "c.docx")):
            body, lines = make(at)
            file.writestr(name, body)
            truth += lines
    return out.getvalue(), truth


def saved(file):
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


FORMATS = {
    "txt": (text, 20), "md": (markdown, 20), "html": (web, 20), "csv": (comma, 10), "json": (objects, 10),
    "docx": (word, 10), "pptx": (slides, 10), "xlsx": (workbook, 10), "xls": (old_workbook, 10), "pdf": (pages, 10),
    "epub": (book, 10), "zip": (archive, 5),
}

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    for ending, (make, count) in FORMATS.items():
        (folder / ending).mkdir(parents=True, exist_ok=True)
        for at in range(count):
            body, truth = make(at)
            (folder / ending / f"{at}.{ending}").write_bytes(body)
            (folder / ending / f"{at}.words").write_text("\n".join(truth))
