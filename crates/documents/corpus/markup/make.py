"""Make the corpus of markup, data, book and image files, each beside its truth.

    python3 -m venv /tmp/corpus && /tmp/corpus/bin/pip install -r requirements.txt && /tmp/corpus/bin/python make.py

The files are written by libraries that share no code with the parsers under test (pandoc, lxml, ruamel.yaml, EbookLib,
Pillow), or byte by byte where the bytes are the point. The same versions write the same bytes. A truth holds `text`
(pieces whose words must all be found), `tables` (column names, null where the source has none, and rows, exact), and
where it matters `title`, `format`, `metadata` and the codes of `warnings`.
"""

import base64
import io
import json
import os
import struct
import urllib.parse
import zipfile
import zlib
from datetime import datetime
from pathlib import Path

os.environ["SOURCE_DATE_EPOCH"] = "1767225600"  # 2026-01-01: pandoc dates its archives by it.

import pypandoc
from ebooklib import epub
from lxml import etree
from PIL import ExifTags, Image, PngImagePlugin
from ruamel.yaml import YAML

HERE = Path(__file__).parent


def write(name, data, *, text=(), tables=(), **facts):
    """Write a file and its truth."""
    if isinstance(data, str):
        data = data.encode()
    (HERE / name).write_bytes(data)
    truth = {**facts, "text": list(text), "tables": [{"columns": c, "rows": r} for c, r in tables]}
    (HERE / f"{name}.truth.json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n")


def pretty(root, **options):
    return etree.tostring(root, pretty_print=True, xml_declaration=True, **{"encoding": "UTF-8", **options})


# --- XML ---------------------------------------------------------------------------------------------------------------


def xml_orders():
    """Records with attributes, nested elements, lists of values and lists of records."""
    root = etree.Element("orders", exported="2026-03-01", system="ERP")
    rows, lines = [], []
    orders = [
        ("1001", "Müller & Söhne", "Köln", "119.90", [("B-10", "4", "19.95"), ("N-07", "2", "20.05")], ["rush", "export"]),
        ("1002", "Acme Ltd", "Leeds", "75.00", [("B-10", "1", "75.00")], []),
        ("1003", "Čapek s.r.o.", "Brno", "12.50", [], ["export"]),
    ]
    for number, (order_id, customer, city, total, items, tags) in enumerate(orders, 1):
        order = etree.SubElement(root, "order", id=order_id, currency="EUR")
        buyer = etree.SubElement(order, "customer")
        etree.SubElement(buyer, "name").text = customer
        etree.SubElement(buyer, "city").text = city
        etree.SubElement(order, "total").text = total
        etree.SubElement(order, "placed").text = f"2026-02-{10 + number}"
        if items:
            block = etree.SubElement(order, "lines")
            for sku, quantity, price in items:
                line = etree.SubElement(block, "line", sku=sku)
                etree.SubElement(line, "quantity").text = quantity
                etree.SubElement(line, "price").text = price
        for tag in tags:
            etree.SubElement(order, "tag").text = tag
        row = [order_id, "EUR", customer, city, total, f"2026-02-{10 + number}"]
        rows.append(row + ["; ".join(tags)])
        # The second order has one line only, which is a list all the same, because those of the first are.
        lines += [[str(number), *item] for item in items]
    columns = ["@id", "@currency", "customer.name", "customer.city", "total", "placed", "tag"]
    write("orders.xml", pretty(root), format="xml", text=["ERP", "2026-03-01", "Müller & Söhne", "Čapek s.r.o."],
          tables=[(columns, rows), (["(row)", "@sku", "quantity", "price"], lines)], metadata={"root": "orders"})


def xml_invoice():
    """Namespaces with prefixes, as in UBL, and the same local name in two of them."""
    cac, cbc = "urn:example:aggregate", "urn:example:basic"
    root = etree.Element("{urn:example:invoice}Invoice", nsmap={None: "urn:example:invoice", "cac": cac, "cbc": cbc})
    etree.SubElement(root, f"{{{cbc}}}ID").text = "INV-77"
    etree.SubElement(root, f"{{{cbc}}}IssueDate").text = "2026-01-31"
    party = etree.SubElement(root, f"{{{cac}}}SupplierParty")
    etree.SubElement(party, f"{{{cbc}}}Name").text = "Nordwind GmbH"
    rows = []
    for number, (item, amount) in enumerate([("Consulting", "1200.00"), ("Travel", "87.40"), ("Licence", "300.00")], 1):
        line = etree.SubElement(root, f"{{{cac}}}InvoiceLine")
        etree.SubElement(line, f"{{{cbc}}}ID").text = str(number)
        etree.SubElement(line, f"{{{cbc}}}Amount", currencyID="EUR").text = amount
        item_element = etree.SubElement(line, f"{{{cac}}}Item")
        etree.SubElement(item_element, f"{{{cbc}}}Name").text = item
        rows.append([str(number), "EUR", amount, item])
    write("invoice.xml", pretty(root, encoding="ISO-8859-1"), format="xml", text=["INV-77", "2026-01-31", "Nordwind GmbH"],
          tables=[(["ID", "Amount.@currencyID", "Amount", "Item.Name"], rows)])


MANUAL = """---
title: Pump station manual
author: Technical office
lang: en
---

# Safety

Read this *before* you open the valve. See [the rules](https://example.com/rules).

Never work alone; call **+49 221 5550** first.

# Operation

## Starting

1. Open the inlet valve.
2. Switch on pump P-101.

- Log the pressure.
- Log the temperature — twice a day.

## Limits

| Quantity    | Lowest | Highest |
|-------------|--------|---------|
| Pressure    | 0.5    | 6.0     |
| Temperature | 5      | 60      |

```
set P-101 speed=1450
  wait 30s
```

# Ordering

Spare parts cost 1 200 € a set; delivery in “about” a week.
"""
MANUAL_TEXT = [
    "Safety", "Read this before you open the valve. See the rules.", "Never work alone; call +49 221 5550 first.",
    "Operation", "Starting", "Open the inlet valve.", "Switch on pump P-101.", "Log the pressure.",
    "Log the temperature — twice a day.", "Limits", "set P-101 speed=1450", "wait 30s", "Ordering",
    "Spare parts cost 1 200 € a set; delivery in “about” a week.",
]
LIMITS = (["Quantity", "Lowest", "Highest"], [["Pressure", "0.5", "6.0"], ["Temperature", "5", "60"]])


def manual(to, **options):
    return pypandoc.convert_text(MANUAL, to, format="markdown-smart", extra_args=["--standalone"], **options)


def xml_manual():
    """Prose in three vocabularies."""
    for name in ("docbook5", "jats", "tei"):
        tables = [LIMITS]
        write(f"manual-{name}.xml", manual(name), format="xml", text=["Pump station manual", *MANUAL_TEXT], tables=tables)


def xml_entities():
    """References: predefined, numeric, declared (never expanded) and external (never fetched)."""
    source = """<?xml version="1.0"?>
<!DOCTYPE note [
  <!ENTITY company "Expanded Corp">
  <!ENTITY file SYSTEM "file:///etc/hostname">
]>
<note>
  <from>Ana &amp; Bo &#8212; &#x20AC;5 &lt;net&gt;</from>
  <body><![CDATA[Terms: a < b && c]]></body>
  <signed>&company; &file;</signed>
</note>
"""
    write("entities.xml", source, format="xml", text=["Ana & Bo — €5 <net>", "Terms: a < b && c", "&company; &file;"],
          absent=["Expanded"], warnings=["entities_not_expanded", "unknown_entity"])


def xml_parts():
    """Records whose fields have names that documents use as well."""
    root = etree.Element("parts")
    rows = []
    for sku, note, screen in [("P-1", "Handle with care, always", "6.1 inch"), ("P-2", "", "none"), ("P-3", "Fragile", "4 inch")]:
        part = etree.SubElement(root, "part", sku=sku)
        etree.SubElement(part, "title").text = f"Part {sku}"
        note_element = etree.SubElement(part, "note")
        if note:
            first, _, rest = note.partition(", ")
            note_element.text = first
            if rest:
                note_element.text += ", "
                etree.SubElement(note_element, "b").text = rest
        etree.SubElement(part, "screen").text = screen
        rows.append([sku, f"Part {sku}", note, screen])
    # Nothing stands where the second note is empty: its column comes from the first.
    write("parts.xml", etree.tostring(root), format="xml", tables=[(["@sku", "title", "note", "screen"], rows)])


def xml_feed():
    """RSS, without an XML declaration, in UTF-16."""
    root = etree.Element("rss", version="2.0")
    channel = etree.SubElement(root, "channel")
    etree.SubElement(channel, "title").text = "Grid notices"
    rows = []
    for title, day in [("Outage in Essen", "Mon, 02 Mar 2026"), ("Повреждение линии", "Tue, 03 Mar 2026")]:
        item = etree.SubElement(channel, "item")
        etree.SubElement(item, "title").text = title
        etree.SubElement(item, "pubDate").text = day
        rows.append([title, day])
    data = etree.tostring(root, encoding="unicode").encode("utf-16")
    write("feed.xml", data, format="xml", title="Grid notices", text=["Grid notices"], tables=[(["title", "pubDate"], rows)])


# --- YAML --------------------------------------------------------------------------------------------------------------


def yaml_inventory():
    out = io.StringIO()
    yaml = YAML()
    yaml.explicit_start = True
    parts = [
        {"sku": "007", "name": "Dichtung \"NBR\"", "stock": 120, "price": 1.5, "active": True},
        {"sku": "N-07", "name": "Nut: M8", "stock": 0, "price": 0.08, "active": False},
    ]
    yaml.dump({"title": "Inventory", "site": {"name": "Köln", "gates": [1, 2, 3]}, "note": "line one\nline two\n", "parts": parts}, out)
    rows = [["007", "Dichtung \"NBR\"", "120", "1.5", "true"], ["N-07", "Nut: M8", "0", "0.08", "false"]]
    write("inventory.yaml", out.getvalue(), format="yaml", title="Inventory",
          text=["title: Inventory", "site.name: Köln", "site.gates: 1, 2, 3", "line one\nline two"],
          tables=[(["sku", "name", "stock", "price", "active"], rows)])


def yaml_services():
    """Anchors, aliases, merge keys, block scalars, several documents."""
    source = """# Two documents, as deployment files have them.
defaults: &defaults
  retries: 3
  timeout: 30s
services:
  - &web
    name: web
    <<: *defaults
    timeout: 5s
  - name: batch
    <<: *defaults
first: *web
---
kind: Notice
text: >
  Folded over
  two lines.
literal: |
  keep
    this
empty: ~
"""
    rows = [["web", "5s", "3"], ["batch", "30s", "3"]]
    write("services.yml", source, format="yaml", text=["defaults.retries: 3", "kind: Notice", "Folded over two lines.", "keep", "this"],
          tables=[(["name", "timeout", "retries"], rows)], metadata={"documents": 2})


# --- JSON --------------------------------------------------------------------------------------------------------------


def json_nested():
    orders = [
        {"id": 1, "customer": {"name": "Ada", "city": "Köln"}, "tags": ["a", "b"],
         "lines": [{"sku": "x", "n": 2}, {"sku": "y", "n": 1}]},
        {"id": 2, "customer": {"name": "Bo", "city": None}, "tags": [], "lines": [{"sku": "z", "n": 5}]},
    ]
    data = {"name": "Export", "total": 3.10, "orders": orders}
    rows = [["1", "Ada", "Köln", '["a","b"]'], ["2", "Bo", "", "[]"]]
    lines = [["1", "x", "2"], ["1", "y", "1"], ["2", "z", "5"]]
    tables = [(["id", "customer.name", "customer.city", "tags"], rows), (["(row)", "sku", "n"], lines)]
    write("orders.json", json.dumps(data, indent=2, ensure_ascii=False), format="json", title="Export",
          text=["name: Export", "total: 3.1"], tables=tables)
    text = "\r\n".join(json.dumps(order, ensure_ascii=False) for order in orders)
    write("orders.jsonl", text.encode("utf-8-sig"), format="jsonl", tables=tables)


# --- Processes and diagrams ----------------------------------------------------------------------------------------------


def bpmn_claim():
    ns = "http://www.omg.org/spec/BPMN/20100524/MODEL"
    q = lambda tag: f"{{{ns}}}{tag}"
    root = etree.Element(q("definitions"), nsmap={"bpmn": ns}, id="defs", targetNamespace="urn:example", exporter="Camunda Modeler")
    collaboration = etree.SubElement(root, q("collaboration"), id="collab")
    etree.SubElement(collaboration, q("participant"), id="pool", name="Insurer", processRef="claim")
    etree.SubElement(collaboration, q("participant"), id="client", name="Client")
    etree.SubElement(collaboration, q("messageFlow"), id="m1", sourceRef="client", targetRef="start")
    process = etree.SubElement(root, q("process"), id="claim", name="Handle claim", isExecutable="true")
    lanes = etree.SubElement(process, q("laneSet"), id="lanes")
    members = {"Clerk": ["start", "check", "gate", "reject"], "Expert": ["assess", "end", "end2"]}
    for name, nodes in members.items():
        lane = etree.SubElement(lanes, q("lane"), id=name.lower(), name=name)
        for node in nodes:
            etree.SubElement(lane, q("flowNodeRef")).text = node
    # On purpose not in the order of the flow.
    nodes = [("endEvent", "end2", "Rejected"), ("userTask", "reject", "Write rejection"), ("startEvent", "start", "Claim received"),
             ("exclusiveGateway", "gate", "Covered?"), ("serviceTask", "assess", "Assess damage"), ("userTask", "check", "Check\npolicy"),
             ("endEvent", "end", "")]
    for kind, ident, name in nodes:
        node = etree.SubElement(process, q(kind), id=ident, **({"name": name} if name else {}))
        if ident == "check":
            etree.SubElement(node, q("documentation")).text = "Look the policy up by its number."
    flows = [("f1", "start", "check", None, None), ("f2", "check", "gate", None, None), ("f3", "gate", "assess", "yes", "${covered}"),
             ("f4", "gate", "reject", "no", None), ("f5", "assess", "end", None, None), ("f6", "reject", "end2", None, None)]
    for ident, source, target, name, condition in flows:
        flow = etree.SubElement(process, q("sequenceFlow"), id=ident, sourceRef=source, targetRef=target, **({"name": name} if name else {}))
        if condition:
            etree.SubElement(flow, q("conditionExpression")).text = condition
    note = etree.SubElement(process, q("textAnnotation"), id="note")
    etree.SubElement(note, q("text")).text = "Within five working days."
    lane_of = {node: name for name, members in members.items() for node in members}
    elements = [[ident, kind, name.replace("\n", " "), lane_of[ident], "Handle claim",
                 "Look the policy up by its number." if ident == "check" else ""] for kind, ident, name in nodes]
    rows = [["client", "start", "", "m1", "", "message"]]
    rows += [[source, target, condition or "", ident, name or "", "sequence"] for ident, source, target, name, condition in flows]
    write("claim.bpmn", pretty(root), format="bpmn", title="Handle claim",
          text=["Handle claim", "Start event “Claim received” (Clerk) → “Check policy”",
                "Exclusive gateway “Covered?” (Clerk) → “Assess damage” if yes; → “Write rejection” if no", "Within five working days."],
          order=["Claim received” (", "Check policy” (", "Covered?” (", "Assess damage” (", "Write rejection” (", "Rejected” ("],
          tables=[(["id", "type", "name", "lane", "process", "documentation"], elements),
                  (["from", "to", "condition", "id", "name", "type"], rows)])


def drawio_network():
    def model(cells):
        graph = etree.Element("mxGraphModel", dx="800", dy="600", page="1")
        root = etree.SubElement(graph, "root")
        etree.SubElement(root, "mxCell", id="0")
        etree.SubElement(root, "mxCell", id="1", parent="0")
        for cell in cells:
            root.append(cell)
        return graph

    def shape(ident, value, style, x, y, parent="1"):
        cell = etree.Element("mxCell", id=ident, value=value, style=style, vertex="1", parent=parent)
        etree.SubElement(cell, "mxGeometry", {"x": str(x), "y": str(y), "width": "120", "height": "60", "as": "geometry"})
        return cell

    def edge(ident, source, target, value=""):
        return etree.Element("mxCell", id=ident, value=value, style="endArrow=classic;", edge="1", parent="1", source=source, target=target)

    wrapped = etree.Element("UserObject", label="<b>Data&nbsp;base</b>", owner="Ops team", id="db")
    inner = shape("x", "", "shape=cylinder3;whiteSpace=wrap", 300, 200)
    del inner.attrib["id"], inner.attrib["value"]
    wrapped.append(inner)
    first = model([
        shape("web", "Web<br>shop", "rounded=1;html=1", 40, 200), wrapped, shape("lb", "Load balancer", "ellipse;html=1", 40, 20),
        edge("e1", "lb", "web"), edge("e2", "web", "db", "reads &amp; writes"),
        shape("e1l", "HTTPS", "edgeLabel;html=1", 0, 0, parent="e1"),
    ])
    second = model([shape("a", "Förderantrag", "rhombus", 0, 0), shape("b", "50% geprüft", "rounded=0", 200, 0), edge("e", "a", "b", "ja")])
    shapes = [["lb", "ellipse", "Load balancer", "1", "1"], ["web", "", "Web\nshop", "1", "1"], ["db", "cylinder3", "Data base", "1", "1"],
              ["a", "rhombus", "Förderantrag", "2", "1"], ["b", "", "50% geprüft", "2", "1"]]
    edges = [["lb", "web", "HTTPS", "e1", "1", "Load balancer", "Web\nshop"],
             ["web", "db", "reads & writes", "e2", "1", "Web\nshop", "Data base"], ["a", "b", "ja", "e", "2", "Förderantrag", "50% geprüft"]]
    truth = dict(format="drawio", title="Network", pages=2,
                 text=["Network", "Load balancer", "Web\nshop", "Data base", "owner: Ops team", "Förderung", "Förderantrag", "50% geprüft"],
                 tables=[(["id", "kind", "label", "page", "parent"], shapes),
                         (["from", "to", "label", "id", "page", "from_label", "to_label"], edges)])
    for name, packed in [("network.drawio", False), ("network-packed.drawio", True)]:
        root = etree.Element("mxfile", host="app.diagrams.net", version="24.7.17")
        for title, graph in [("Network", first), ("Förderung", second)]:
            page = etree.SubElement(root, "diagram", name=title, id=title[:3])
            if packed:
                quoted = urllib.parse.quote(etree.tostring(graph, encoding="unicode"), safe="~()*!.'")
                deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
                page.text = base64.b64encode(deflate.compress(quoted.encode()) + deflate.flush()).decode()
            else:
                page.append(etree.fromstring(etree.tostring(graph)))
        write(name, etree.tostring(root, encoding="UTF-8"), **truth)


def svg_plan():
    source = """<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300" viewBox="0 0 400 300">
  <title>Floor plan</title>
  <desc>Ground floor, scale 1:100</desc>
  <style>.a { fill: red }</style>
  <g><text x="10" y="20">Entrance</text>
  <text x="10" y="60"><tspan x="10" y="60">Meeting</tspan><tspan x="10" y="75">room 1</tspan></text></g>
  <image href="data:image/png;base64,iVBORw0KGgo="/>
</svg>
"""
    write("plan.svg", source, format="svg", title="Floor plan", text=["Ground floor, scale 1:100", "Entrance", "Meeting\nroom 1"],
          absent=["fill"], warnings=["text_in_pictures"])


# --- RTF ---------------------------------------------------------------------------------------------------------------


def rtf():
    write("manual.rtf", manual("rtf"), format="rtf", title="Pump station manual", text=["Pump station manual", *MANUAL_TEXT],
          tables=[(None, [LIMITS[0], *LIMITS[1]])])
    # As a word processor writes it: code pages by font, fallbacks, pictures, fields, notes, a table with a header row.
    cyrillic = "".join(f"\\'{byte:02x}" for byte in "Договор поставки".encode("cp1251"))
    kanji = "".join(f"\\'{byte:02x}" for byte in "契約書".encode("cp932"))
    source = (
        r"{\rtf1\ansi\ansicpg1250\deff0{\fonttbl{\f0\froman\fcharset238 Times New Roman;}{\f1\fswiss\fcharset204 Arial;}"
        r"{\f2\fnil\fcharset128 MS Mincho;}}" "\n"
        r"{\colortbl;\red255\green0\blue0;}{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s2 heading 2;}}" "\n"
        r"{\info{\title Smlouva}{\author Jana Nov\'e1kov\'e1}{\creatim\yr2026\mo2\dy3\hr9\min5}}" "\n"
        r"{\header\pard Strictly confidential\par}" "\n"
        r"\pard\plain\s1\f0 Kupn\'ed smlouva\par" "\n"
        rf"\pard\plain\f0 \'8elu\'9dou\'e8k\'fd k\'f9\'f2. {{\f1 {cyrillic}}} / {{\f2 {kanji}}}\par" "\n"
        r"\pard Euro \u8364\'80 and smile \u-10179 ?\u-8694 ?, dash \emdash  and \{braces\}.{\footnote\pard A note below.}\par" "\n"
        r"\pard\plain\s2 Ceny\par" "\n"
        r"{\*\unknowndest should not be seen}{\v hidden words}{\pict\pngblip 89504e470d0a1a0a}" "\n"
        r"\trowd\trhdr\cellx3000\cellx6000\pard\intbl Polo\'9eka\cell Cena\cell\row" "\n"
        r"\trowd\cellx3000\cellx6000\pard\intbl \'8aroub M8\cell 1,20\cell\row" "\n"
        r"\trowd\cellx3000\cellx6000\pard\intbl Matka\cell 0,80\cell\row" "\n"
        r"\pard {\field{\*\fldinst{HYPERLINK " '"https://example.com/podm"' r"}}{\fldrslt{podm\'ednky}}} plat\'ed.\par" "\n"
        r"\pard\ls1\ilvl0{\listtext\bullet\tab}prvn\'ed\par{\listtext\bullet\tab}druh\'fd\par}"
    )
    write("contract.rtf", source.encode("ascii"), format="rtf", title="Smlouva",
          text=["Kupní smlouva", "Žluťoučký kůň. Договор поставки / 契約書", "Euro € and smile 😊, dash — and {braces}.", "A note below.",
                "Ceny", "podmínky platí.", "první", "druhý"],
          tables=[(["Položka", "Cena"], [["Šroub M8", "1,20"], ["Matka", "0,80"]])], absent=["hidden", "unknowndest", "8950"],
          warnings=["text_in_pictures", "hidden_text_left_out"],
          metadata={"author": "Jana Nováková", "created": "2026-02-03T09:05", "header": "Strictly confidential"})


# --- Books ---------------------------------------------------------------------------------------------------------------


def pack(files):
    """A ZIP archive with fixed dates; the first entry is stored, as EPUB wants it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for index, (name, data) in enumerate(files):
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED if index else zipfile.ZIP_STORED
            archive.writestr(entry, data)
    return out.getvalue()


def books():
    pypandoc.convert_text(MANUAL, "epub3", format="markdown-smart", outputfile=str(HERE / "manual.epub"),
                          extra_args=["--metadata", "identifier=urn:example:manual"])
    write("manual.epub", (HERE / "manual.epub").read_bytes(), format="epub", title="Pump station manual",
          text=["Pump station manual", *MANUAL_TEXT], tables=[LIMITS], metadata={"creator": "Technical office", "language": "en"})
    # EPUB 2 with a table of contents in NCX; chapters whose files are named out of order and carry no heading of their own.
    book = epub.EpubBook()
    book.set_identifier("urn:example:tales")
    book.set_title("Zwei Märchen")
    book.set_language("de")
    book.add_author("A. Autor")
    chapters = []
    for name, title, body in [("z.xhtml", "Erstes", "<p>Es war einmal ein König.</p><p>Er hatte<br/>drei Töchter.</p>"),
                              ("a.xhtml", "Zweites", "<p>Hinter den sieben Bergen.</p><pre>eins\n  zwei</pre>")]:
        chapter = epub.EpubHtml(title=title, file_name=name, lang="de")
        chapter.set_content(f"<html><head/><body>{body}</body></html>")
        book.add_item(chapter)
        chapters.append(chapter)
    book.toc = chapters
    book.add_item(epub.EpubNcx())
    book.spine = chapters
    raw = HERE / "tales.raw"
    epub.write_epub(str(raw), book, {"mtime": datetime(2026, 1, 1)})
    with zipfile.ZipFile(raw) as archive:
        files = [(name, archive.read(name)) for name in archive.namelist()]
    raw.unlink()
    write("tales.epub", pack(files), format="epub", title="Zwei Märchen",
          text=["Erstes", "Es war einmal ein König.", "Er hatte\ndrei Töchter.", "Zweites", "Hinter den sieben Bergen.", "eins\n  zwei"],
          order=["König", "Bergen"], metadata={"creator": "A. Autor", "language": "de", "chapters": 2})


# --- Images ---------------------------------------------------------------------------------------------------------------


def images():
    picture = Image.new("RGB", (64, 48), (200, 30, 30))
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Canon"
    exif[ExifTags.Base.Model] = "EOS R5"
    exif[ExifTags.Base.ImageDescription] = "Pump station, north side"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:02:14 09:30:00"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (50.0, 56.0, 12.0)

    def save(name, image, metadata, text=(), **options):
        out = io.BytesIO()
        image.save(out, **options)
        write(name, out.getvalue(), text=text, metadata={"width": 64, "height": 48, **metadata}, warnings=["text_in_pictures"])

    facts = {"camera_make": "Canon", "camera_model": "EOS R5", "taken": "2026-02-14T09:30:00", "has_position": True}
    save("photo.jpg", picture, {"color": "YCbCr", **facts}, ["Pump station, north side"], format="JPEG", exif=exif)
    save("photo.webp", picture, {"color": "RGB", **facts}, ["Canon"], format="WEBP", exif=exif, lossless=True)
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "Übersicht")
    info.add_itxt("Author", "Ó. Author", "en")
    save("scan.png", picture.convert("LA"), {"color": "gray with alpha", "bits_per_channel": 8, "title": "Übersicht", "author": "Ó. Author"},
         ["Übersicht"], format="PNG", pnginfo=info)
    frames = [picture.convert("P"), Image.new("P", (64, 48), 3)]
    save("blink.gif", frames[0], {"color": "indexed", "frames": 2}, format="GIF", save_all=True, append_images=frames[1:])
    save("pages.tiff", picture, {"color": "RGB", "bits_per_channel": 8, "frames": 3}, format="TIFF", save_all=True,
         append_images=[picture, picture])
    save("old.bmp", picture, {"color": "RGB"}, format="BMP")


# --- Text and its encodings -------------------------------------------------------------------------------------------------


def encodings():
    samples = {
        "latin1": ("iso-8859-1", "Der Müller grüßt die Bäckerin; sie hört ihn nicht über den Lärm der Straße.\nDéjà vu à Genève.\n", "windows-1252"),
        "windows1252": ("cp1252", "“Smart quotes” cost 5 € – said the Señor… naïve façade.\nDüsseldorf liegt am Rhein.\n", "windows-1252"),
        "windows1251": ("cp1251", "Договор поставки оборудования заключён в Москве.\nСтороны согласны со всеми условиями.\n", "windows-1251"),
        "windows1250": ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy.\nSmlouva je platná od podpisu oběma stranami.\n", "windows-1250"),
        "windows1253": ("cp1253", "Η σύμβαση υπογράφηκε στην Αθήνα από τους δύο συμβαλλόμενους.\nΌλοι οι όροι ισχύουν.\n", "windows-1253"),
        "shiftjis": ("cp932", "契約書は東京で署名されました。すべての条件が有効です。\nありがとうございます。\n", "Shift_JIS"),
        "utf8": ("utf-8", "Ein Satz mit Umlauten: äöüß – und Emoji 😀.\n", "UTF-8"),
    }
    for name, (codec, text, label) in samples.items():
        write(f"text-{name}.txt", text.encode(codec), format="text", encoding=label, text=text.splitlines())
    text = "Minutes of the board — März 2026\n\nThe budget of 12 000 € was approved.\n"
    russian = "Протокол собрания совета\n\nБюджет утверждён единогласно всеми участниками.\n"
    for name, codec, mark in [("utf16le", "utf-16-le", ""), ("utf16be", "utf-16-be", ""), ("utf16le-bom", "utf-16-le", "\ufeff"),
                              ("utf16be-bom", "utf-16-be", "\ufeff"), ("utf8-bom", "utf-8", "\ufeff")]:
        label = {"utf-16-le": "UTF-16LE", "utf-16-be": "UTF-16BE", "utf-8": "UTF-8"}[codec]
        write(f"text-{name}.txt", (mark + text).encode(codec), format="text", encoding=label, text=text.split("\n\n"), absent=["\ufeff"])
    for name, codec in [("utf16le-russian", "utf-16-le"), ("utf16be-russian", "utf-16-be")]:
        label = codec.upper().replace("-", "").replace("16", "-16")
        write(f"text-{name}.txt", russian.encode(codec), format="text", encoding=label, text=russian.split("\n\n"))
    mixed = "First line\r\nsecond line\nthird line\r\rNew paragraph\r\n\r\nLast\x0bone\x0c.\n"
    write("text-mixed-ends.txt", mixed, format="text", encoding="UTF-8", text=["First line", "second line", "third line", "New paragraph", "Last one"],
          blocks=3)


# --- HTML --------------------------------------------------------------------------------------------------------------


def html():
    write("manual.html", manual("html5"), format="html", title="Pump station manual", text=MANUAL_TEXT, tables=[LIMITS])
    source = """<!DOCTYPE html><html lang="en"><head><meta charset="windows-1252"><title>Price list &ndash; 2026</title>
<meta name="description" content="All prices"></head><body>
<nav><a href="/">Home</a> <a href="/about">About us</a></nav>
<main><h1>Price list</h1><p>Valid from <time>1&nbsp;March</time>. Questions? <a href="mailto:sales@example.com">Write</a> to us.</p>
<table><caption>Prices by region</caption><thead><tr><th rowspan="2">Item</th><th colspan="2">Region</th></tr>
<tr><th>North</th><th>South</th></tr></thead>
<tbody><tr><td rowspan="2">Pump</td><td>100\xa0\x80</td><td>110 \x80</td></tr><tr><td colspan="2">on request</td></tr></tbody></table>
<dl><dt>VAT</dt><dd>Not included</dd></dl>
<pre>code = "A-1"
  indented</pre><blockquote>Terms apply.</blockquote><ul><li>one<ul><li>nested</li></ul></li></ul></main>
<script>var hidden = 1;</script><footer>Imprint</footer></body></html>
"""
    data = source.encode("latin-1")
    write("prices.html", data, format="html", title="Price list – 2026", encoding="windows-1252",
          text=["Price list", "Valid from 1 March. Questions? Write to us.", "VAT", "Not included", 'code = "A-1"\n  indented', "Terms apply.", "one", "nested"],
          tables=[(["Item", "Region / North", "Region / South"], [["Pump", "100\xa0€", "110 €"], ["Pump", "on request", ""]])],
          absent=["hidden", "Imprint", "About"])


if __name__ == "__main__":
    for make in [xml_orders, xml_invoice, xml_manual, xml_entities, xml_parts, xml_feed, yaml_inventory, yaml_services, json_nested, bpmn_claim,
                 drawio_network, svg_plan, rtf, books, images, encodings, html]:
        make()
    print(f"{sum(1 for _ in HERE.glob('*.truth.json'))} files")
