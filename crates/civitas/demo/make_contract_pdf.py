#!/usr/bin/env python3
"""Write supplier-contract.pdf with nothing but the standard library: same script, same bytes.

Run it in this folder: python3 make_contract_pdf.py
"""

import textwrap
import zlib

TITLE = "Supply agreement: e-bike drive units"

PAGES = [
    [
        ("h1", TITLE),
        ("p", "Agreement HC-2026-014 between Halden Cycle Works (the Buyer) and Brevik Drives (the Supplier), in force from 1 July 2026 to 30 June 2028."),
        ("h2", "1. Subject"),
        ("p", "The Supplier delivers drive units of the types listed in the price table below, with firmware, documentation and spare parts, to the Buyer's assembly plant. Each purchase order under this agreement names type, quantity and delivery date."),
        ("h2", "2. Prices"),
        ("p", "Prices are fixed until 31 December 2026. After that they follow the producer price index once a year, by at most 3 percent."),
        ("table", [
            ["Type", "Description", "Unit price", "Minimum order"],
            ["BD-250", "Hub motor, 250 W", "184.00", "50"],
            ["BD-400", "Mid drive, 400 W", "312.50", "25"],
            ["BD-600", "Cargo drive, 600 W", "428.00", "10"],
            ["BD-KIT", "Spare parts kit", "36.90", "20"],
        ]),
        ("p", "All prices are in euros, without value added tax, delivered duty paid to the assembly plant."),
        ("h2", "3. Payment"),
        ("p", "Invoices are due within 30 days. The Buyer takes a discount of 2 percent when it pays within 10 days. A disputed part of an invoice may be held back until the dispute is settled."),
    ],
    [
        ("h2", "4. Delivery"),
        ("p", "Delivery is on the date named in the purchase order. The Supplier tells the Buyer at once, and in writing, when it expects to miss that date, with the reason and the new date."),
        ("h2", "5. Late delivery penalty"),
        ("p", "For each started week of delay the Buyer may deduct a late delivery penalty of 1.5 percent of the price of the delayed goods, up to 9 percent. The penalty is deducted from the next invoice. It does not replace damages beyond it."),
        ("p", "If a delivery is more than six weeks late, the Buyer may cancel the order and ask for a refund of all advance payments, due within 14 days."),
        ("h2", "6. Quality and returns"),
        ("p", "The Buyer inspects each delivery within 10 working days. Units that fail inspection are returned at the Supplier's expense. The Supplier replaces them within 15 working days, or grants a refund of the price paid."),
        ("p", "If more than 2 percent of the units delivered in a quarter fail within 90 days, both sides review the cause together and the Supplier presents a corrective plan within 20 working days."),
        ("h2", "7. Warranty"),
        ("p", "The warranty lasts 24 months from delivery. Batteries and wear parts are excluded. Firmware corrections are free of charge for five years."),
    ],
    [
        ("h2", "8. Liability"),
        ("p", "Liability is limited to the value of the orders of the last 12 months. The limit does not hold for personal injury, for intent, and for a breach of section 9."),
        ("h2", "9. Confidentiality and data"),
        ("p", "Telemetry of drive units is used for diagnosis alone. It contains no personal data of riders and is deleted after 180 days."),
        ("h2", "10. Termination"),
        ("p", "Either side may end this agreement with six months' notice to the end of a quarter. The Buyer may end it at once after three late deliveries in a row, or when the penalty of section 5 has reached its limit twice within a year."),
        ("h2", "11. Governing law"),
        ("p", "Disputes are first brought before a mediator chosen by both sides. Place of jurisdiction is the seat of the Buyer."),
        ("p", "Signed for the Buyer by the head of purchasing and for the Supplier by the managing director on 12 June 2026."),
    ],
]


def escape(text):
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def show(font, size, x, y, text):
    return f"BT /{font} {size} Tf {x} {y} Td ({escape(text)}) Tj ET"


def table(rows, y):
    widths, height, out = [80, 180, 90, 110], 20, []
    left, right, top = 72, 72 + sum(widths), y
    for row_number, row in enumerate(rows):
        x = left
        for cell, width in zip(row, widths):
            out.append(show("F2" if row_number == 0 else "F1", 10, x + 5, y - 14, cell))
            x += width
        y -= height
    for line in range(len(rows) + 1):
        out.append(f"0.6 w {left} {top - line * height} m {right} {top - line * height} l S")
    x = left
    for width in widths + [0]:
        out.append(f"0.6 w {x} {top} m {x} {y} l S")
        x += width
    return out, y - 18


def page_content(items, number):
    out, y = [], 770
    for kind, value in items:
        if kind == "h1":
            out.append(show("F2", 18, 72, y, value))
            y -= 34
        elif kind == "h2":
            y -= 8
            out.append(show("F2", 13, 72, y, value))
            y -= 22
        elif kind == "table":
            drawn, y = table(value, y)
            out += drawn
        else:
            for line in textwrap.wrap(value, 88):
                out.append(show("F1", 11, 72, y, line))
                y -= 15
            y -= 9
    out.append(show("F1", 9, 270, 40, f"Page {number} of {len(PAGES)}"))
    return "\n".join(out).encode("latin-1")


def bookmarks():
    for page, items in enumerate(PAGES):
        for kind, value in items:
            if kind == "h2":
                yield value, page


def main():
    objects = {}
    marks = list(bookmarks())
    first_page, first_mark = 6, 6 + 2 * len(PAGES)
    kids = " ".join(f"{first_page + 2 * n} 0 R" for n in range(len(PAGES)))
    last_mark = first_mark + len(marks) - 1
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>"
    objects[2] = f"<< /Type /Pages /Kids [{kids}] /Count {len(PAGES)} >>".encode()
    for number, name in ((3, "Helvetica"), (4, "Helvetica-Bold")):
        objects[number] = f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()
    objects[5] = f"<< /Type /Outlines /First {first_mark} 0 R /Last {last_mark} 0 R /Count {len(marks)} >>".encode()
    for n, items in enumerate(PAGES):
        at = first_page + 2 * n
        objects[at] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {at + 1} 0 R "
            f"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
        ).encode()
        data = zlib.compress(page_content(items, n + 1), 9)
        objects[at + 1] = f"<< /Length {len(data)} /Filter /FlateDecode >>\nstream\n".encode() + data + b"\nendstream"
    for n, (text, page) in enumerate(marks):
        links = f" /Prev {first_mark + n - 1} 0 R" if n else ""
        links += f" /Next {first_mark + n + 1} 0 R" if n + 1 < len(marks) else ""
        objects[first_mark + n] = (
            f"<< /Title ({escape(text)}) /Parent 5 0 R{links} /Dest [{first_page + 2 * page} 0 R /Fit] >>"
        ).encode()
    info = last_mark + 1
    objects[info] = f"<< /Title ({escape(TITLE)}) /Author (Halden Cycle Works) /CreationDate (D:20260612090000Z) >>".encode()

    pdf = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = {}
    for number in sorted(objects):
        offsets[number] = len(pdf)
        pdf += f"{number} 0 obj\n".encode() + objects[number] + b"\nendobj\n"
    start = len(pdf)
    pdf += f"xref\n0 {info + 1}\n0000000000 65535 f \n".encode()
    for number in sorted(objects):
        pdf += f"{offsets[number]:010} 00000 n \n".encode()
    pdf += f"trailer\n<< /Size {info + 1} /Root 1 0 R /Info {info} 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    with open("supplier-contract.pdf", "wb") as file:
        file.write(pdf)


main()
