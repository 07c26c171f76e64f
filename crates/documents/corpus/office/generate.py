"""Write the office files of the corpus and, beside each, what is in it as its generator knows it.

    python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python generate.py

The same versions give the same bytes: dates are fixed, and archives are written again with one time for all entries.
"""

import datetime
import io
import json
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
WHEN = datetime.datetime(2026, 9, 14, 8, 30, 0)
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def save(name, data, lines, tables=(), facts=None):
    """Write a file with its truth: lines of text, tables with their header first, and facts such as the number of pages."""
    if data[:2] == b"PK":
        data = normalised(data)
    (HERE / name).write_bytes(data)
    truth = {"lines": list(lines), "tables": [[[str(c) for c in row] for row in table] for table in tables]}
    truth.update(facts or {})
    (HERE / f"{name}.truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def normalised(data):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            info = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
            info.compress_type = entry.compress_type
            info.external_attr = 0
            new.writestr(info, old.read(entry.filename))
    return out.getvalue()


def word():
    from docx import Document
    from docx.enum.style import WD_STYLE_TYPE
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    doc = Document()
    core = doc.core_properties
    core.title, core.author, core.created, core.modified = "Service handbook", "Mira Holt", WHEN, WHEN
    core.last_modified_by = "Jon Vale"
    own = doc.styles.add_style("Clause", WD_STYLE_TYPE.PARAGRAPH)
    own.base_style = doc.styles["Heading 2"]
    doc.sections[0].header.paragraphs[0].text = "Halden Cycle Works, service"
    doc.sections[0].footer.paragraphs[0].text = "Internal, do not forward"

    doc.add_paragraph("Handbook for brake service", style="Title")
    doc.add_heading("Scope", 1)
    para = doc.add_paragraph("The handbook covers rim brakes")
    run = para.add_run(" and disc brakes.")
    doc.add_comment(run, text="Drum brakes as well?", author="Lena Ruiz", initials="LR")
    para = doc.add_paragraph("Pads wear down to 1.5 mm")
    para._p.append(parse_xml(f'<w:r xmlns:w="{W}"><w:footnoteReference w:id="2"/></w:r>'))
    para.add_run(" before they are changed.")
    doc.add_paragraph("Tools needed", style="Clause")
    doc.add_paragraph("Torx key T25", style="List Bullet")
    doc.add_paragraph("Pad spreader", style="List Bullet")
    doc.add_paragraph("of brass", style="List Bullet 2")
    doc.add_paragraph("Loosen the caliper", style="List Number")
    doc.add_paragraph("Take out the pads", style="List Number")

    doc.add_heading("Limits", 1)
    table = doc.add_table(rows=4, cols=3)
    rows = [["Brake", "Measure", "Limit"], ["Disc", "Rotor", "1.5 mm"], ["", "Pad", "0.8 mm"], ["Rim", "Shoe, both sides", ""]]
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            table.cell(r, c).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(3, 1).merge(table.cell(3, 2))
    # Merging leaves empty paragraphs behind.
    inner = table.cell(2, 1).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "front", "rear"
    doc.add_page_break()

    doc.add_heading("Approval", 1)
    tracked = doc.add_paragraph("The deadline is ")
    tracked._p.append(parse_xml(f'<w:del xmlns:w="{W}" w:id="90" w:author="J"><w:r><w:delText>Friday</w:delText></w:r></w:del>'))
    tracked._p.append(parse_xml(f'<w:ins xmlns:w="{W}" w:id="91" w:author="J"><w:r><w:t>Monday</w:t></w:r></w:ins>'))
    link = doc.part.relate_to("https://example.org/forms", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    para = doc.add_paragraph("Send the form to the ")
    para._p.append(parse_xml(
        f'<w:hyperlink xmlns:w="{W}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="{link}">'
        "<w:r><w:t>forms desk</w:t></w:r></w:hyperlink>"))
    para.add_run(".\tThank you.")
    boxed = doc.add_paragraph("Signed by the workshop.")
    boxed._p.append(parse_xml(
        f'<w:r xmlns:w="{W}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:v="urn:schemas-microsoft-com:vml"><mc:AlternateContent><mc:Choice Requires="wps">'
        "<w:drawing><w:txbxContent><w:p><w:r><w:t>Keep for ten years</w:t></w:r></w:p></w:txbxContent></w:drawing></mc:Choice>"
        "<mc:Fallback><w:pict><v:textbox><w:txbxContent><w:p><w:r><w:t>Keep for ten years</w:t></w:r></w:p></w:txbxContent>"
        "</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"))
    notes = (
        f'<w:footnotes xmlns:w="{W}"><w:footnote w:type="separator" w:id="0"><w:p><w:r><w:t>line</w:t></w:r></w:p></w:footnote>'
        '<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t>Measured without the carrier plate.</w:t></w:r></w:p></w:footnote>'
        "</w:footnotes>")
    part = Part(PackURI("/word/footnotes.xml"),
                "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml", notes.encode(), doc.part.package)
    doc.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    # Columns that python-docx puts on the header row of its tables are no header by themselves.
    assert table._tbl.tblPr.find(qn("w:tblLook")) is not None
    for comment in doc.part._comments_part.element:
        comment.attrib.pop(qn("w:date"), None)
    out = io.BytesIO()
    doc.save(out)
    save("handbook.docx", out.getvalue(), [
        "Handbook for brake service", "Scope", "The handbook covers rim brakes and disc brakes.", "Drum brakes as well?",
        "Pads wear down to 1.5 mm", "before they are changed.", "Measured without the carrier plate.", "Tools needed", "Torx key T25",
        "Pad spreader", "of brass", "Loosen the caliper", "Take out the pads", "Limits", "Approval", "The deadline is Monday",
        "Send the form to the forms desk", "Thank you.", "Signed by the workshop.", "Keep for ten years", "Halden Cycle Works, service",
        "Internal, do not forward",
    ], [[["Brake", "Measure", "Limit"], ["Disc", "Rotor", "1.5 mm"], ["Disc", "Pad\nfront\trear", "0.8 mm"], ["Rim", "Shoe, both sides", ""]]],
        {"pages": 2, "absent": ["Friday"], "outline": ["Handbook for brake service", "Scope", "Tools needed", "Limits", "Approval"]})


def powerpoint():
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    core = deck.core_properties
    core.title, core.author, core.created, core.modified = "PowerPoint Presentation", "Mira Holt", WHEN, WHEN
    slide = deck.slides.add_slide(deck.slide_layouts[0])
    slide.shapes.title.text, slide.placeholders[1].text = "Autumn service figures", "Workshop meeting, 14 September"
    slide.notes_slide.notes_text_frame.text = "Greet the new mechanics first.\nThen the figures."
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "What went well"
    frame = slide.placeholders[1].text_frame
    frame.text = "Fewer returns"
    for text, level in [("three in August", 1), ("Shorter waiting", 0)]:
        item = frame.add_paragraph()
        item.text, item.level = text, level
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Two columns and a table"
    for text, x, y in [("right box", 5, 2), ("left box", 1, 2.05), ("footing below all", 1, 6)]:
        slide.shapes.add_textbox(Inches(x), Inches(y), Inches(3), Inches(1)).text_frame.text = text
    table = slide.shapes.add_table(4, 3, Inches(1), Inches(3), Inches(8), Inches(2)).table
    rows = [["Month", "Jobs", "Note"], ["July", "41", "hot"], ["August", "38", ""], ["Sum of both", "", "79"]]
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            table.cell(r, c).text = text
    table.cell(3, 0).merge(table.cell(3, 1))
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    slide._element.set("show", "0")
    slide.shapes.add_textbox(Inches(1), Inches(1), Inches(4), Inches(1)).text_frame.text = "Spare slide: suppliers"
    out = io.BytesIO()
    deck.save(out)
    save("figures.pptx", out.getvalue(), [
        "Autumn service figures", "Workshop meeting, 14 September", "Greet the new mechanics first.", "Then the figures.", "What went well",
        "Fewer returns", "three in August", "Shorter waiting", "Two columns and a table", "left box", "right box", "footing below all",
        "Spare slide: suppliers",
    ], [rows], {"pages": 4, "outline": ["Autumn service figures", "What went well", "Two columns and a table"],
                "order": ["left box", "right box", "July", "footing below all"]})


def excel():
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": "Workshop orders", "author": "Mira Holt", "created": WHEN})
    date, stamp, span = (book.add_format({"num_format": f}) for f in ["yyyy-mm-dd", 'd mmm yyyy "at" hh:mm', "[h]:mm"])
    sheet = book.add_worksheet("Orders")
    rows = [["order", "ordered_on", "parts", "price", "paid", "begun", "took", "total"]]
    sheet.write_row(0, 0, rows[0])
    for i in range(6):
        day = datetime.date(2026, 9, 1 + i)
        begun = datetime.datetime(2026, 9, 1 + i, 9, 30)
        sheet.write(i + 1, 0, f"HO-{i + 1}")
        sheet.write_datetime(i + 1, 1, datetime.datetime(day.year, day.month, day.day), date)
        sheet.write(i + 1, 2, i + 1)
        sheet.write(i + 1, 3, 12.5 + i)
        sheet.write_boolean(i + 1, 4, i % 2 == 0)
        sheet.write_datetime(i + 1, 5, begun, stamp)
        sheet.write_number(i + 1, 6, (26 + i) / 24, span)
        sheet.write_formula(i + 1, 7, f"=C{i + 2}*D{i + 2}", None, (i + 1) * (12.5 + i))
        rows.append([f"HO-{i + 1}", day.isoformat(), i + 1, f"{12.5 + i}", str(i % 2 == 0).lower(),
                     begun.strftime("%Y-%m-%dT%H:%M:%S"), f"{26 + i}:00:00", f"{(i + 1) * (12.5 + i):g}"])
    sheet.write_comment("D3", "Price of last year", {"author": "Lena Ruiz"})
    sheet = book.add_worksheet("Plan")
    sheet.merge_range("C2:E2", "Plan for the autumn")
    sheet.write_row("C5", ["station", "hours", "share"])
    for i, row in enumerate([["Frame", 12], ["Brakes", 7], ["Light & dynamo", 0]]):
        sheet.write_row(5 + i, 2, row)
    sheet.write_formula("E6", "=D6/19", None, 0.631578947368421)
    sheet.write_formula("E7", "=D7/19", None, 0.3684210526315789)
    sheet.write_formula("E8", "=1/D8", None, "#DIV/0!")
    sheet.write_row("C12", ["name", "phone"])
    sheet.write_row("C13", ["Jon", "0047 22"])
    sheet.write_row("C14", ["Lena", "0047 23"])
    plan = [["station", "hours", "share"], ["Frame", 12, "0.631578947368421"], ["Brakes", 7, "0.3684210526315789"],
            ["Light & dynamo", 0, "#DIV/0!"]]
    people = [["name", "phone"], ["Jon", "0047 22"], ["Lena", "0047 23"]]
    hidden = book.add_worksheet("Rates")
    hidden.hide()
    hidden.write_column(0, 0, ["rate", 0.19, 0.07])
    book.add_worksheet("Empty")
    book.close()
    rates = [["rate"], ["0.19"], ["0.07"]]
    save("orders.xlsx", out.getvalue(), ["Plan for the autumn", "Price of last year"], [rows, plan, people, rates],
         {"ranges": ["Orders!A1:H7", "Plan!C5:E8", "Plan!C12:D14", "Rates!A1:A3"]})


def openpyxl_formulas():
    """A workbook whose formulas have no results yet, as scripts write them."""
    from openpyxl import Workbook

    book = Workbook()
    book.properties.creator, book.properties.created, book.properties.modified = "Mira Holt", WHEN, WHEN
    sheet = book.active
    sheet.title = "Sums"
    for row in [["part", "count", "double"], ["bolt", 4, "=B2*2"], ["nut", 6, "=B3*2"]]:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    data = out.getvalue()
    # The library notes when it saves.
    fixed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry.filename)
            if entry.filename == "docProps/core.xml":
                import re
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2026-09-14T08:30:00Z", content)
            new.writestr(entry.filename, content)
    save("formulas.xlsx", fixed.getvalue(), [], [[["part", "count", "double"], ["bolt", 4, ""], ["nut", 6, ""]]])


def old_excel():
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Ledger")
    date = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    rows = [["entry", "booked", "amount", "open"]]
    for c, text in enumerate(rows[0]):
        sheet.write(0, c, text)
    for i in range(5):
        day = datetime.date(2026, 3, 27 + i) if i < 5 else None
        sheet.write(i + 1, 0, f"Überweisung {i + 1}")
        sheet.write(i + 1, 1, day, date)
        sheet.write(i + 1, 2, -100.25 * (i + 1))
        sheet.write(i + 1, 3, i == 2)
        rows.append([f"Überweisung {i + 1}", day.isoformat(), f"{-100.25 * (i + 1):g}", str(i == 2).lower()])
    sheet = book.add_sheet("Corner")
    sheet.write_merge(3, 3, 2, 3, "Merged title")
    for c, text in enumerate(["wheel", "size"]):
        sheet.write(5, 2 + c, text)
    for r, row in enumerate([["front", 27.5], ["rear", 29]]):
        for c, value in enumerate(row):
            sheet.write(6 + r, 2 + c, value)
    hidden = book.add_sheet("Secret")
    hidden.write(0, 0, "hidden remark")
    hidden.visibility = 1
    out = io.BytesIO()
    book.save(out)
    save("ledger.xls", out.getvalue(), ["Merged title", "hidden remark"], [rows, [["wheel", "size"], ["front", "27.5"], ["rear", "29"]]],
         {"ranges": ["Ledger!A1:D6", "Corner!C6:D8"]})


def odf_meta(doc):
    from odf import dc, meta

    for element in list(doc.meta.childNodes):
        doc.meta.removeChild(element)
    doc.meta.addElement(dc.Title(text="Minutes of the workshop"))
    doc.meta.addElement(meta.InitialCreator(text="Mira Holt"))
    doc.meta.addElement(dc.Creator(text="Jon Vale"))
    doc.meta.addElement(meta.CreationDate(text="2026-09-14T08:30:00"))
    doc.meta.addElement(dc.Date(text="2026-09-15T09:00:00"))


def odf_save(doc, name, *truth):
    odf_meta(doc)
    out = io.BytesIO()
    doc.write(out)
    save(name, out.getvalue(), *truth)


def open_text():
    from odf import dc, draw, office, style, table, text
    from odf.opendocument import OpenDocumentText

    doc = OpenDocumentText()
    page = style.Style(name="OnNewPage", family="paragraph")
    page.addElement(style.ParagraphProperties(breakbefore="page"))
    doc.automaticstyles.addElement(page)
    body = doc.text
    body.addElement(text.H(outlinelevel=1, text="Minutes"))
    para = text.P(text="Present were Mira,")
    para.addText("   ")
    para.addElement(text.S(c=2))
    para.addText("Jon")
    para.addElement(text.LineBreak())
    para.addText("and Lena.")
    body.addElement(para)
    para = text.P(text="The lamp is dim")
    note = text.Note(noteclass="footnote")
    note.addElement(text.NoteCitation(text="1"))
    inner = text.NoteBody()
    inner.addElement(text.P(text="Since the cable was changed."))
    note.addElement(inner)
    para.addElement(note)
    remark = office.Annotation()
    remark.addElement(dc.Creator(text="Lena Ruiz"))
    remark.addElement(text.P(text="Ask the supplier."))
    para.addElement(remark)
    para.addText(" at low speed.")
    body.addElement(para)
    body.addElement(text.H(outlinelevel=2, text="Tasks"))
    outer = text.List()
    for words, inner_words in [("Order cables", []), ("Test the lamps", ["front", "rear"])]:
        item = text.ListItem()
        item.addElement(text.P(text=words))
        if inner_words:
            nested = text.List()
            for word in inner_words:
                entry = text.ListItem()
                entry.addElement(text.P(text=word))
                nested.addElement(entry)
            item.addElement(nested)
        outer.addElement(item)
    body.addElement(outer)
    grid = table.Table(name="Costs")
    head = table.TableHeaderRows()
    rows = [["Item", "Cost"], ["Cable", "4.20"], ["Lamp", "31.00"]]
    for index, cells in enumerate(rows):
        row = table.TableRow()
        for cell in cells:
            element = table.TableCell()
            element.addElement(text.P(text=cell))
            row.addElement(element)
        (head if index == 0 else grid).addElement(row)
        if index == 0:
            grid.addElement(head)
    row = table.TableRow()
    wide = table.TableCell(numbercolumnsspanned=2)
    wide.addElement(text.P(text="All prices net"))
    row.addElement(wide)
    row.addElement(table.CoveredTableCell())
    grid.addElement(row)
    body.addElement(grid)
    body.addElement(text.P(text="On the second page.", stylename=page))
    para = text.P(text="Host of a box.")
    frame = draw.Frame(width="5cm", height="2cm")
    box = draw.TextBox()
    box.addElement(text.P(text="Box beside the text"))
    frame.addElement(box)
    para.addElement(frame)
    link = text.A(href="https://example.org/lamps", text="lamp catalogue")
    para.addText(" See the ")
    para.addElement(link)
    para.addText(".")
    body.addElement(para)
    odf_save(doc, "minutes.odt", [
        "Minutes", "Present were Mira,", "Jon", "and Lena.", "The lamp is dim", "Since the cable was changed.", "Lena Ruiz", "Ask the supplier.",
        "at low speed.", "Tasks", "Order cables", "Test the lamps", "front", "rear", "On the second page.", "Host of a box.",
        "Box beside the text", "See the lamp catalogue.",
    ], [rows + [["All prices net", ""]]], {"pages": 2, "outline": ["Minutes", "Tasks"]})


def open_sheet():
    from odf import style, table, text
    from odf.opendocument import OpenDocumentSpreadsheet

    doc = OpenDocumentSpreadsheet()
    hide = style.Style(name="Hide", family="table")
    hide.addElement(style.TableProperties(display="false"))
    doc.automaticstyles.addElement(hide)

    def cell(value, **more):
        if isinstance(value, bool):
            element = table.TableCell(valuetype="boolean", booleanvalue=str(value).lower(), **more)
        elif isinstance(value, (int, float)):
            element = table.TableCell(valuetype="float", value=str(value), **more)
        elif isinstance(value, datetime.datetime):
            element = table.TableCell(valuetype="date", datevalue=value.isoformat(), **more)
        elif isinstance(value, datetime.date):
            element = table.TableCell(valuetype="date", datevalue=value.isoformat(), **more)
        elif isinstance(value, datetime.timedelta):
            hours, seconds = divmod(int(value.total_seconds()), 3600)
            element = table.TableCell(valuetype="time", timevalue=f"PT{hours:02}H{seconds // 60:02}M{seconds % 60:02}S", **more)
        elif value is None:
            return table.TableCell(**more)
        else:
            element = table.TableCell(valuetype="string", **more)
        element.addElement(text.P(text=f"shown {value}" if not isinstance(value, str) else value))
        return element

    def sheet(name, rows, **more):
        element = table.Table(name=name, **more)
        for row in rows:
            line = table.TableRow()
            for value in row:
                line.addElement(cell(value))
            element.addElement(line)
        doc.spreadsheet.addElement(element)
        return element

    rows = [["item", "bought", "count", "works", "ridden"],
            ["Lamp", datetime.date(2026, 4, 1), 3, True, datetime.timedelta(hours=30, minutes=5)],
            ["Bell", datetime.datetime(2026, 4, 2, 16, 45), 1.5, False, datetime.timedelta(minutes=59)]]
    sheet("Inventory", rows)
    grid = table.Table(name="Offset")
    grid.addElement(table.TableRow(numberrowsrepeated=4))
    for row in [["tyre", "pressure"], ["front", 3.2], ["rear", 3.4]]:
        line = table.TableRow()
        line.addElement(table.TableCell(numbercolumnsrepeated=2))
        for value in row:
            line.addElement(cell(value))
        line.addElement(table.TableCell(numbercolumnsrepeated=1000))
        grid.addElement(line)
    grid.addElement(table.TableRow(numberrowsrepeated=1048000))
    doc.spreadsheet.addElement(grid)
    sheet("Old", [["code", "text"], ["007", "kept"]], stylename=hide)
    odf_save(doc, "inventory.ods", [], [
        [rows[0], ["Lamp", "2026-04-01", 3, "true", "30:05:00"], ["Bell", "2026-04-02T16:45:00", "1.5", "false", "00:59:00"]],
        [["tyre", "pressure"], ["front", "3.2"], ["rear", "3.4"]], [["code", "text"], ["007", "kept"]],
    ], {"ranges": ["Inventory!A1:E3", "Offset!C5:D7", "Old!A1:B2"]})


def open_slides():
    from odf import draw, presentation, style, text
    from odf.opendocument import OpenDocumentPresentation

    doc = OpenDocumentPresentation()
    layout = style.PageLayout(name="PL")
    doc.automaticstyles.addElement(layout)
    master = style.MasterPage(name="Main", pagelayoutname=layout)
    doc.masterstyles.addElement(master)

    def frame(words, x, y, kind=None, parent=None):
        element = draw.Frame(width="8cm", height="2cm", x=f"{x}cm", y=f"{y}cm")
        if kind:
            element.setAttribute("class", kind)
        box = draw.TextBox()
        for line in words:
            box.addElement(text.P(text=line))
        element.addElement(box)
        parent.addElement(element)

    for title, boxes, notes in [("Night rides", [(["beam angles"], 12, 5), (["lamp types"], 1, 5.1)], "Show the lamp."),
                                ("Costs", [(["four lamps, one cable"], 1, 5)], None)]:
        page = draw.Page(masterpagename=master)
        for words, x, y in boxes:
            frame(words, x, y, None, page)
        frame([title], 1, 1, "title", page)
        if notes:
            sheet = presentation.Notes()
            frame([notes], 1, 15, "notes", sheet)
            page.addElement(sheet)
        doc.presentation.addElement(page)
    odf_save(doc, "rides.odp", ["Night rides", "lamp types", "beam angles", "Show the lamp.", "Costs", "four lamps, one cable"], [],
             {"pages": 2, "outline": ["Night rides", "Costs"], "order": ["lamp types", "beam angles", "Show the lamp."]})


if __name__ == "__main__":
    for make in [word, powerpoint, excel, openpyxl_formulas, old_excel, open_text, open_sheet, open_slides]:
        make()
