"""Builds the e-mails, mailboxes and calendars of this folder, and what is true of each.

    python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python build.py

Python's own `email` and the package `icalendar` write the files; neither shares code with the parser. Dates, ids and
boundaries are fixed, so that the same script gives the same bytes.
"""

import email.policy
import json
import mailbox
import os
from datetime import date, datetime, timedelta, timezone
from email.headerregistry import Address
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import icalendar

HERE = os.path.dirname(os.path.abspath(__file__))
POLICY = email.policy.SMTP
BERLIN = ZoneInfo("Europe/Berlin")


def write(name, data, **truth):
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(data)
    with open(os.path.join(HERE, name + ".truth.json"), "w", encoding="utf-8") as file:
        json.dump(truth, file, ensure_ascii=False, indent=1)
        file.write("\n")


def fixed_boundaries(message, prefix):
    for number, part in enumerate(message.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            part.set_boundary(f"=_{prefix}_{number}")


def message(prefix, sender, to, subject, when, **more):
    mail = EmailMessage(policy=POLICY)
    mail["From"] = sender
    mail["To"] = to
    for name, value in more.items():
        mail[name.replace("_", "-")] = value
    mail["Subject"] = subject
    mail["Date"] = when
    mail["Message-ID"] = f"<{prefix}@halden.example>"
    return mail


ANNA = Address("Anna Müller", "anna.mueller", "halden.example")
JIRI = Address("Jiří Dvořák", "jiri", "drives.example")
YUKI = Address("山田 優希", "yuki", "parts.example")
WHEN = datetime(2026, 3, 2, 9, 15, tzinfo=BERLIN)

# A plain answer with a quotation, an attribution line and a signature.
BODY = """Hello Jiří,

the second delivery of drive units arrived this morning. Twelve of the two hundred
BD-400 units have a cracked housing; photos follow.

Could you send replacements before Friday 13 March?

On 27 February 2026 Jiří Dvořák wrote:
> The second delivery leaves Brno on Saturday.
> It holds 200 units of BD-400.
>
>> Is the late delivery penalty waived?
>
> Yes, it is waived this once.

--\u0020
Anna Müller
Halden Cycle Works
"""
mail = message("plain-1", ANNA, [JIRI, YUKI], "Re: Zweite Lieferung – 12 gebrochene Gehäuse", WHEN,
               Cc=Address("Quality", "quality", "halden.example"),
               In_Reply_To="<brno-7@drives.example>", References="<brno-6@drives.example> <brno-7@drives.example>")
mail.set_content(BODY, cte="quoted-printable")
write("reply.eml", mail.as_bytes(), title="Re: Zweite Lieferung – 12 gebrochene Gehäuse",
      text=[BODY.replace(">", "").replace("--\u0020", ""), "Jiří Dvořák <jiri@drives.example>", "山田 優希 <yuki@parts.example>"],
      quotes=["Is the late delivery penalty waived?", "Yes, it is waived this once."],
      metadata={"from": "Anna Müller <anna.mueller@halden.example>",
                "to": ["Jiří Dvořák <jiri@drives.example>", "山田 優希 <yuki@parts.example>"],
                "cc": ["Quality <quality@halden.example>"],
                "date": "2026-03-02T09:15:00+01:00", "message_id": "plain-1@halden.example",
                "in_reply_to": "brno-7@drives.example"},
      parts=[])

# HTML alone, with a table and a list.
HTML = """<html><head><title>Order</title><style>p {color: red}</style></head><body>
<h1>Order 2026-117</h1><p>Dear Ms Müller,</p><p>thank you for your order:</p>
<table><tr><th>Article</th><th>Quantity</th><th>Price</th></tr>
<tr><td>Cassette 11-50</td><td>40</td><td>61.90</td></tr>
<tr><td>Chain 12-speed</td><td>120</td><td>18.20</td></tr></table>
<ul><li>Delivery within 5 days</li><li>Payment within 30 days</li></ul>
<p>See <a href="https://parts.example/orders/117">your order</a>.</p></body></html>"""
mail = message("html-1", YUKI, ANNA, "ご注文 2026-117 の確認", WHEN + timedelta(hours=3))
mail.set_content(HTML, subtype="html", charset="utf-8", cte="base64")
write("order-html.eml", mail.as_bytes(), title="ご注文 2026-117 の確認",
      text=["Order 2026-117 Dear Ms Müller, thank you for your order: Article Quantity Price Cassette 11-50 40 61.90 "
            "Chain 12-speed 120 18.20 Delivery within 5 days Payment within 30 days See your order"],
      tables=[{"columns": ["Article", "Quantity", "Price"],
               "rows": [["Cassette 11-50", "40", "61.90"], ["Chain 12-speed", "120", "18.20"]]}],
      metadata={"from": "山田 優希 <yuki@parts.example>"}, parts=[])

# Both forms, and attachments: one that nothing reads, a table, a note in Latin-1, a message, winmail.dat, an odd name.
CSV = "order;article;cracked\n4711;BD-400;7\n4712;BD-400;5\n"
NOTE = "Geprüft: Gehäuse gerissen, Wellen in Ordnung."
inner = message("inner-1", JIRI, ANNA, "Lieferschein", WHEN - timedelta(days=3))
inner.set_content("The delivery note is attached.\n")
inner.add_attachment("pallet,units\nA,100\nB,100\n", subtype="csv", filename="pallets.csv")
fixed_boundaries(inner, "inner")
mail = message("full-1", ANNA, JIRI, "Cracked housings, with evidence", WHEN + timedelta(days=1))
mail.set_content("Please find the evidence attached.\n")
mail.add_alternative("<html><body><p>Please find the <b>evidence</b> attached.</p><img src='cid:p1'></body></html>", subtype="html")
mail.add_attachment(CSV, subtype="csv", filename="geprüfte Teile.csv")
mail.add_attachment(NOTE.encode("latin-1"), maintype="text", subtype="plain", filename="note.txt")
mail.add_attachment(b"7z\xbc\xaf\x27\x1c" + b"\0" * 40, maintype="application", subtype="x-7z-compressed", filename="crack.7z", disposition="inline")
mail.add_attachment(inner)
mail.add_attachment(bytes.fromhex("789f3e22") + b"\0" * 20, maintype="application", subtype="ms-tnef", filename="winmail.dat")
mail.add_attachment(b"root\n", maintype="application", subtype="octet-stream", filename="../../etc/passwd")
fixed_boundaries(mail, "full")
write("attachments.eml", mail.as_bytes(), title="Cracked housings, with evidence",
      text=["Please find the evidence attached.", CSV.replace(";", " "), NOTE, "The delivery note is attached.",
            "pallet units A 100 B 100", "root"],
      tables=[{"columns": ["order", "article", "cracked"], "rows": [["4711", "BD-400", "7"], ["4712", "BD-400", "5"]]},
              {"columns": ["pallet", "units"], "rows": [["A", "100"], ["B", "100"]]}],
      parts=[[["geprüfte Teile.csv"], "parsed"], [["note.txt"], "parsed"], [["crack.7z"], "skipped"],
             [["attached message 1"], "parsed"], [["attached message 1", "pallets.csv"], "parsed"],
             [["winmail.dat"], "skipped"], [["../../etc/passwd"], "parsed"]])

# Character sets: a declared code page, Japanese in ISO-2022-JP, and 8-bit text that does not say what it is.
for name, charset, text, subject in [
    ("windows-1251.eml", "windows-1251", "Отгрузка задерживается на два дня.\nС уважением, Ольга\n", "Задержка"),
    ("iso-2022-jp.eml", "iso-2022-jp", "部品は三月五日に発送します。\nよろしくお願いします。\n", "発送のお知らせ"),
]:
    mail = message(charset, YUKI, ANNA, subject, WHEN)
    mail.set_content(text, charset=charset)
    write(name, mail.as_bytes(), title=subject, text=[text], parts=[])
raw = b"From: old@printer.example\r\nTo: anna.mueller@halden.example\r\nSubject: Best\xe4tigung\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\nMessage-ID: <old-1@printer.example>\r\n\r\nDie Rechnung \xfcber 1.250 \x80 f\xfcr Geh\xe4use liegt bei.\r\n"
write("undeclared.eml", raw, text=["Die Rechnung über 1.250 € für Gehäuse liegt bei."], parts=[],
      warnings=["charset_guessed"])

# What Outlook writes above the message it answers.
mail = message("outlook-1", JIRI, ANNA, "AW: Gehäuse", WHEN + timedelta(days=2))
mail.set_content("Replacements leave on Thursday.\n\nJiří\n\n-----Original Message-----\nFrom: Anna Müller\nSubject: Gehäuse\n\nTwelve housings are cracked.\n")
write("outlook-reply.eml", mail.as_bytes(), title="AW: Gehäuse",
      text=["Replacements leave on Thursday. Jiří -----Original Message----- From: Anna Müller Subject: Gehäuse Twelve housings are cracked."],
      quotes=["Twelve housings are cracked."], parts=[])

# A mailbox, with lines that mboxrd quotes.
path = os.path.join(HERE, "box.mbox")
if os.path.exists(path):
    os.remove(path)
chunks = []
bodies = [
    ("Delivery one", "From the first pallet nothing is missing.\n\nFrom here on it is fine.\n>From an earlier mail.\n"),
    ("Größe der Kartons", "The boxes are 40 × 30 cm.\n"),
    ("Delivery two", "Two boxes are wet.\n"),
]
for number, (subject, body) in enumerate(bodies):
    mail = message(f"box-{number}", JIRI, ANNA, subject, WHEN + timedelta(days=number))
    mail.set_content(body, cte="8bit")
    if number == 2:
        mail.add_attachment("box,state\n7,wet\n9,wet\n", subtype="csv", filename="wet.csv")
    fixed_boundaries(mail, f"box{number}")
    data = mail.as_bytes(policy=POLICY.clone(linesep="\n", cte_type="8bit"))
    quoted = b"".join(b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in data.splitlines(keepends=True))
    chunks.append(b"From jiri@drives.example Mon Mar  2 08:15:00 2026\n" + quoted + b"\n")
write("box.mbox", b"".join(chunks),
      text=[body for _, body in bodies] + [subject for subject, _ in bodies] + ["box state 7 wet 9 wet"],
      tables=[{"columns": ["box", "state"], "rows": [["7", "wet"], ["9", "wet"]]}],
      parts=[[["message 1"], "parsed"], [["message 2"], "parsed"], [["message 3"], "parsed"], [["message 3", "wet.csv"], "parsed"]])
assert len(mailbox.mbox(path)) == 3

# A calendar: repeating, all-day, in a time zone, in UTC, with people, folded lines and a to-do.
calendar = icalendar.Calendar()
calendar.add("prodid", "-//Halden//Planning//EN")
calendar.add("version", "2.0")
calendar.add("x-wr-calname", "Halden planning")
ATTENDEES = [("Jiří Dvořák", "jiri@drives.example", "ACCEPTED"), ("Yamada, Yuki", "yuki@parts.example", "TENTATIVE")]
LONG = "Agenda:\n1. Cracked housings; who pays?\n2. Late delivery penalty, clause 5\n3. " + "Größere Kartons für lange Wellen. " * 6


def event(uid, summary, start, end, **more):
    item = icalendar.Event()
    item.add("uid", uid)
    item.add("dtstamp", datetime(2026, 2, 1, tzinfo=timezone.utc))
    item.add("summary", summary)
    item.add("dtstart", start)
    if end:
        item.add("dtend", end)
    for name, value in more.items():
        item.add(name, value)
    calendar.add_component(item)
    return item


item = event("weekly-1", "Quality call, weekly", datetime(2026, 3, 2, 9, 0, tzinfo=BERLIN), datetime(2026, 3, 2, 9, 30, tzinfo=BERLIN),
             location="Room 3; second floor", rrule={"freq": "weekly", "byday": "MO", "count": 10}, description=LONG, status="CONFIRMED")
organizer = icalendar.vCalAddress("mailto:anna.mueller@halden.example")
organizer.params["cn"] = "Anna Müller"
item["organizer"] = organizer
for name, address, answer in ATTENDEES:
    person = icalendar.vCalAddress("mailto:" + address)
    person.params["cn"] = name
    person.params["partstat"] = answer
    item.add("attendee", person)
alarm = icalendar.Alarm()
alarm.add("action", "DISPLAY")
alarm.add("trigger", timedelta(minutes=-15))
item.add_component(alarm)
event("holiday-1", "Plant closed", date(2026, 4, 3), date(2026, 4, 7))
event("audit-1", "Supplier audit", datetime(2026, 5, 11, 7, 0, tzinfo=timezone.utc), None, duration=timedelta(hours=6), categories=["audit", "travel"])
todo = icalendar.Todo()
todo.add("uid", "todo-1")
todo.add("dtstamp", datetime(2026, 2, 1, tzinfo=timezone.utc))
todo.add("summary", "Send cracked units back")
todo.add("due", date(2026, 3, 20))
todo.add("status", "NEEDS-ACTION")
todo.add("priority", 1)
calendar.add_component(todo)
PEOPLE = "Jiří Dvořák <jiri@drives.example> (accepted); Yamada, Yuki <yuki@parts.example> (tentative)"
EVENTS = {"columns": ["uid", "summary", "start", "end", "time_zone", "location", "organizer", "attendees", "rrule", "status", "duration", "categories"],
          "rows": [["weekly-1", "Quality call, weekly", "2026-03-02T09:00:00", "2026-03-02T09:30:00", "Europe/Berlin", "Room 3; second floor",
                    "Anna Müller <anna.mueller@halden.example>", PEOPLE, "FREQ=WEEKLY;COUNT=10;BYDAY=MO", "CONFIRMED", "", ""],
                   ["holiday-1", "Plant closed", "2026-04-03", "2026-04-07", "", "", "", "", "", "", "", ""],
                   ["audit-1", "Supplier audit", "2026-05-11T07:00:00Z", "", "", "", "", "", "", "", "PT6H", "audit,travel"]]}
write("planning.ics", calendar.to_ical(), title="Halden planning", text=[LONG, "Send cracked units back", "2026-03-20"],
      tables=[EVENTS, {"columns": ["uid", "summary", "start", "due", "time_zone", "status", "priority"],
                       "rows": [["todo-1", "Send cracked units back", "", "2026-03-20", "", "NEEDS-ACTION", "1"]]}], parts=[])

# A calendar in which one event is broken and one has no end.
broken = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:good-1
SUMMARY:Good before
DTSTART:20260302T090000
END:VEVENT
BEGIN:VEVENT
UID:bad-1
this line is no property
SUMMARY:Bad but kept
DTSTART:20261399T990000
END:VEVENT
BEGIN:VEVENT
UID:open-1
SUMMARY:No end
BEGIN:VEVENT
UID:good-2
SUMMARY:Good after
DTSTART;TZID="Europe/Prague":20260303T090000
END:VEVENT
END:VCALENDAR
"""
write("broken.ics", broken.replace("\n", "\r\n").encode(), text=["Good before", "Bad but kept", "No end", "Good after"],
      warnings=["broken_property", "odd_date", "broken_component"], parts=[])
