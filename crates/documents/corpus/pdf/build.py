"""Builds the PDF files of this folder, and what is true of each.

    python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python build.py

`reportlab` and `fpdf2` lay out, `pypdf` encrypts and attaches. The letters beyond Latin come from DejaVu Sans 2.37
(Debian's fonts-dejavu-core), Chinese, Japanese and Korean from fonts that are named and not embedded. Dates and ids
are fixed.
"""

import io
import json
import os
import secrets
from datetime import datetime, timezone

import pypdf
from fpdf import FPDF
from PIL import Image, ImageDraw
from reportlab import rl_config
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import cm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

rl_config.invariant = 1
HERE = os.path.dirname(os.path.abspath(__file__))
DEJAVU = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
STYLES = getSampleStyleSheet()
WORDS = ("the bearing of the front axle must be checked after every ride in heavy rain because water that stays in the hub "
         "washes out the grease and the balls begin to wear the race a dry hub sounds rough and turns unevenly").split()


def prose(start, count):
    words = [WORDS[(start + number * 7) % len(WORDS)] for number in range(count)]
    words[0] = words[0].capitalize()
    return f"Paragraph {start}. " + " ".join(words) + "."


def write(name, data, **truth):
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(data)
    with open(os.path.join(HERE, name + ".truth.json"), "w", encoding="utf-8") as file:
        json.dump(truth, file, ensure_ascii=False, indent=1)
        file.write("\n")


# Two columns: each must be read to its end before the next begins.
paragraphs = [prose(number * 3 + 1, 45) for number in range(12)]
buffer = io.BytesIO()
doc = BaseDocTemplate(buffer, pagesize=A4, title="Hub maintenance", author="Halden Cycle Works")
columns = [Frame(2 * cm, 2 * cm, 8 * cm, 25 * cm), Frame(11 * cm, 2 * cm, 8 * cm, 25 * cm)]
doc.addPageTemplates(PageTemplate("two", columns))
flow = [Paragraph("Hub maintenance", STYLES["Title"])]
for text in paragraphs:
    flow += [Paragraph(text, STYLES["BodyText"]), Spacer(1, 8)]
doc.build(flow)
write("columns.pdf", buffer.getvalue(), title="Hub maintenance", ordered=["Hub maintenance", *paragraphs], tables=[],
      metadata={"author": "Halden Cycle Works"})

# A ruled table over two pages.
rows = [[f"A-{number:03}", f"Article number {number}", str(number * 3), f"{number * 1.25:.2f}"] for number in range(1, 61)]
header = ["code", "name", "stock", "price"]
buffer = io.BytesIO()
table = Table([header, *rows], repeatRows=1)
table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)]))
SimpleDocTemplate(buffer, pagesize=A4, title="Stock").build([Paragraph("Stock of March", STYLES["Heading1"]), table, Paragraph("End of the list.", STYLES["BodyText"])])
write("ruled.pdf", buffer.getvalue(), title="Stock", text=["Stock of March", *(" ".join(row) for row in [header, *rows]), "End of the list."])

# Tables that nothing rules: columns stand below each other, numbers end below each other, prose stands around.
header = ["Article", "Quantity", "Unit price", "Total"]
rows = [["BD-400 drive unit", "12", "312.50", "3,750.00"], ["Cassette 11-50", "40", "61.90", "2,476.00"],
        ["Chain 12-speed", "120", "18.20", "2,184.00"], ["Brake pads, pair", "200", "4.75", "950.00"],
        ["Inner tube 29\"", "75", "3.10", "232.50"]]
second = [["Region", "Q1", "Q2", "Q3", "Q4"], ["North", "120", "135", "128", "160"], ["South", "98", "101", "110", "117"],
          ["West", "143", "150", "149", "171"], ["East", "77", "80", "91", "95"]]
before, between, after = prose(5, 60), prose(9, 50), prose(13, 60)
buffer = io.BytesIO()
bare = TableStyle([("ALIGN", (1, 0), (-1, -1), "RIGHT"), ("FONTSIZE", (0, 0), (-1, -1), 10)])
first_table = Table([header, *rows], colWidths=[6 * cm, 3 * cm, 3 * cm, 3 * cm], style=bare)
second_table = Table(second, colWidths=[4 * cm] + [2.5 * cm] * 4, style=bare)
SimpleDocTemplate(buffer, pagesize=A4, title="Offer 88").build(
    [Paragraph("Offer 88", STYLES["Heading1"]), Paragraph(before, STYLES["BodyText"]), Spacer(1, 12), first_table, Spacer(1, 12),
     Paragraph(between, STYLES["BodyText"]), Spacer(1, 12), second_table, Spacer(1, 12), Paragraph(after, STYLES["BodyText"])])
write("aligned.pdf", buffer.getvalue(), title="Offer 88", text=["Offer 88", before, " ".join(sum([header, *rows], [])), between, " ".join(sum(second, [])), after],
      tables=[{"columns": header, "rows": rows}, {"columns": second[0], "rows": second[1:]}])

# An invoice by the other library: letters of many scripts, a table without rules, totals below it.
pdf = FPDF()
pdf.set_creation_date(datetime(2026, 3, 2, 9, 15, tzinfo=timezone.utc))
pdf.set_title("Rechnung 2026-117")
pdf.set_author("Żółta Łódź Sp. z o.o.")
pdf.add_page()
pdf.add_font("DejaVu", "", DEJAVU)
pdf.set_font("DejaVu", size=16)
pdf.cell(text="Rechnung 2026-117", new_x="LMARGIN", new_y="NEXT")
pdf.set_font("DejaVu", size=10)
lines = ["Żółta Łódź Sp. z o.o., ul. Świętojańska 7, Gdańsk", "Αγαπητοί συνεργάτες, σας ευχαριστούμε για την παραγγελία.",
         "Уважаемые партнёры, благодарим за заказ.", "Príliš žluťoučký kůň úpěl ďábelské ódy. Straße, œuvre, naïve, fi ffi."]
for line in lines:
    pdf.cell(text=line, new_x="LMARGIN", new_y="NEXT")
pdf.ln(6)
items = [["Pos", "Bezeichnung", "Menge", "Preis"], ["1", "Gehäuse, groß", "12", "312,50 €"], ["2", "Wälzlager", "48", "7,90 €"], ["3", "Łącznik", "6", "15,00 €"]]
for row in items:
    for text, width, align in zip(row, [15, 80, 30, 40], "LLRR"):
        pdf.cell(width, 7, text, align=align)
    pdf.ln()
pdf.ln(6)
pdf.cell(text="Zahlbar innerhalb von 30 Tagen.", new_x="LMARGIN", new_y="NEXT")
write("invoice.pdf", bytes(pdf.output()), title="Rechnung 2026-117", text=["Rechnung 2026-117", *lines, *(" ".join(row) for row in items), "Zahlbar innerhalb von 30 Tagen."],
      tables=[{"columns": items[0], "rows": items[1:]}],
      metadata={"author": "Żółta Łódź Sp. z o.o.", "created": "2026-03-02T09:15:00Z"})

# Chinese, Japanese and Korean in fonts that the file only names.
cjk = {"STSong-Light": "前轴轴承在雨天骑行后必须检查。", "HeiseiMin-W3": "雨の日に走った後は、前輪の軸受を点検してください。", "HYSMyeongJo-Medium": "비가 온 날에는 앞바퀴 베어링을 점검하십시오."}
buffer = io.BytesIO()
canvas = Canvas(buffer, pagesize=A4, invariant=1)
canvas.setTitle("点検")
for number, (font, text) in enumerate(cjk.items()):
    pdfmetrics.registerFont(UnicodeCIDFont(font))
    canvas.setFont(font, 14)
    canvas.drawString(2 * cm, (25 - 2 * number) * cm, text)
canvas.save()
write("cjk.pdf", buffer.getvalue(), title="点検", text=list(cjk.values()))

# Bookmarks; a page that is a picture, one that is empty, one that is turned.
image = Image.new("RGB", (400, 200), "white")
ImageDraw.Draw(image).text((20, 80), "THIS TEXT IS A PICTURE", fill="black")
pages = [prose(2, 80), prose(6, 80)]
buffer = io.BytesIO()
canvas = Canvas(buffer, pagesize=A4, invariant=1)


def page_of(title, text, top=26 * cm):
    canvas.bookmarkPage(title)
    canvas.addOutlineEntry(title, title, 0)
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(2 * cm, top, title)
    paragraph = Paragraph(text, STYLES["BodyText"])
    paragraph.wrap(16 * cm, 20 * cm)
    paragraph.drawOn(canvas, 2 * cm, top - 6 * cm)


page_of("1. Before the ride", pages[0])
canvas.showPage()
canvas.drawImage(ImageReader(image), 2 * cm, 10 * cm, 16 * cm, 8 * cm)
canvas.showPage()
canvas.showPage()
canvas.setPageRotation(90)
page_of("2. After the ride", pages[1], 18 * cm)
canvas.save()
plain = buffer.getvalue()
write("pages.pdf", plain, ordered=["1. Before the ride", pages[0], "2. After the ride", pages[1]], pages=4,
      outline=["1. Before the ride", "2. After the ride"], warnings=["page_without_text"])

# Encrypted: with no password to read it (only changing is restricted), and with one. The keys are drawn from zeros.
secrets.token_bytes = lambda count=32: bytes(count)
os.urandom = bytes
for name, user, algorithm in [("restricted-aes.pdf", "", "AES-256"), ("restricted-rc4.pdf", "", "RC4-128"), ("locked.pdf", "sesame", "AES-256"), ("locked-rc4.pdf", "sesame", "RC4-128")]:
    writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(io.BytesIO(plain)))
    writer._ID = pypdf.generic.ArrayObject([pypdf.generic.ByteStringObject(bytes(16))] * 2)
    writer.encrypt(user, "owner", algorithm=algorithm)
    buffer = io.BytesIO()
    writer.write(buffer)
    if user:
        write(name, buffer.getvalue(), error="encrypted")
    else:
        write(name, buffer.getvalue(), ordered=["1. Before the ride", pages[0], "2. After the ride", pages[1]], pages=4)

# A file attached to the document.
writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(io.BytesIO(plain)))
writer.add_attachment("positions.csv", b"position,amount\n1,12.50\n2,7.90\n")
buffer = io.BytesIO()
writer.write(buffer)
write("attached.pdf", buffer.getvalue(), ordered=["1. Before the ride", pages[0], "2. After the ride", pages[1], "position amount 1 12.50 2 7.90"], pages=4,
      parts=[[["positions.csv"], "parsed"]], tables=[{"columns": ["position", "amount"], "rows": [["1", "12.50"], ["2", "7.90"]]}])

# Cut in the middle: the pages are listed, and what they show is gone.
write("cut.pdf", plain[: len(plain) * 2 // 3], pages=4, warnings=["unreadable_page"])
