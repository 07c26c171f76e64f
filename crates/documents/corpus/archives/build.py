"""Builds the archives of this folder, and what is true of each.

    python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python build.py

Python's own `zipfile`, `tarfile` and `gzip` write them, `pyzipper` the encrypted one. Times are fixed.
"""

import gzip
import io
import json
import os
import tarfile
import warnings
import zipfile

import pyzipper

HERE = os.path.dirname(os.path.abspath(__file__))
MARKDOWN = "# Assembly\n\nTighten the axle to 40 Nm.\n\n## Tools\n\n- torque wrench\n- grease\n"
CSV = "part,count\naxle,12\nbearing,48\n"
NOTE = "The axle was checked on 3 March.\n"
TABLE = {"columns": ["part", "count"], "rows": [["axle", "12"], ["bearing", "48"]]}
DAY = (2026, 3, 2, 9, 15, 0)
SECONDS = 1772439300


def write(name, data, **truth):
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(data)
    with open(os.path.join(HERE, name + ".truth.json"), "w", encoding="utf-8") as file:
        json.dump(truth, file, ensure_ascii=False, indent=1)
        file.write("\n")


def zipped(entries, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name, DAY)
            info.compress_type = method
            archive.writestr(info, data)
    return buffer.getvalue()


def tarred(entries, form=tarfile.PAX_FORMAT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data, kind, link in entries:
            info = tarfile.TarInfo(name)
            info.mtime, info.type, info.linkname = SECONDS, kind, link
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


inner = zipped([("deep/parts.csv", CSV), ("empty.txt", "")])
write("documents.zip",
      zipped([("manual/", ""), ("manual/assembly.md", MARKDOWN), ("größe/データ.csv", CSV), ("inner.zip", inner),
              ("photos.7z", b"7z\xbc\xaf\x27\x1c" + b"\0" * 40), ("__MACOSX/._assembly.md", b"\0\5\x16\7" + b"\0" * 20), ("note.txt", NOTE)]),
      text=["Assembly Tighten the axle to 40 Nm. Tools torque wrench grease", CSV.replace(",", " "), CSV.replace(",", " "), NOTE],
      tables=[TABLE, TABLE],
      parts=[[["manual/assembly.md"], "parsed"], [["größe/データ.csv"], "parsed"], [["inner.zip"], "parsed"],
             [["inner.zip", "deep/parts.csv"], "parsed"], [["inner.zip", "empty.txt"], "skipped"],
             [["photos.7z"], "skipped"], [["__MACOSX/._assembly.md"], "skipped"], [["note.txt"], "parsed"]])

# Names that deceive, and twice the same name.
warnings.simplefilter("ignore")
write("names.zip",
      zipped([("../../outside.txt", NOTE), ("/etc/absolute.txt", NOTE), ("C:\\windows\\drive.txt", NOTE), ("twice.txt", NOTE),
              ("twice.txt", "The other one.\n"), ("bell\a\x1b[31m.txt", NOTE), ("invoice\u202efdp.txt", NOTE),
              ("l" * 3000 + ".txt", NOTE)], zipfile.ZIP_STORED),
      text=[NOTE] * 6 + ["The other one."],
      part_starts=[["../../outside.txt", "parsed"], ["/etc/absolute.txt", "parsed"], ["C:\\windows\\drive.txt", "parsed"],
                   ["twice.txt", "parsed"], ["twice.txt (2)", "parsed"], ["bell\\u{7}\\u{1b}[31m.txt", "parsed"],
                   ["invoice\\u{202e}fdp.txt", "parsed"], ["l" * 50, "parsed"]],
      warnings=["odd_name"])

# One entry encrypted (AES) beside one that is not; and an archive of nothing but encrypted ones.


class Salt:
    """The same salt every time."""

    def read(self, count):
        return bytes(range(count))


pyzipper.zipfile_aes.Random.new = Salt
for name, plain in [("half-encrypted.zip", True), ("encrypted.zip", False)]:
    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"secret")
        archive.writestr(pyzipper.zipfile_aes.AESZipInfo("secret.txt", DAY), NOTE)
    data = buffer.getvalue()
    if plain:
        extra = io.BytesIO(data)
        with zipfile.ZipFile(extra, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("open.txt", DAY), NOTE)
        write(name, extra.getvalue(), text=[NOTE], parts=[[["secret.txt"], "skipped"], [["open.txt"], "parsed"]])
    else:
        write(name, data, error="encrypted")

# A wrong checksum: what is there is kept, and said.
data = bytearray(zipped([("note.txt", NOTE)], zipfile.ZIP_STORED))
data[data.index(b"axle")] = ord("A")
write("bad-checksum.zip", bytes(data), text=["The Axle was checked on 3 March."], parts=[[["note.txt"], "parsed"]], warnings=["damaged_part"])

FILES = [("docs", b"", tarfile.DIRTYPE, ""), ("docs/assembly.md", MARKDOWN.encode(), tarfile.REGTYPE, ""),
         ("docs/" + "long-" * 40 + "größe.csv", CSV.encode(), tarfile.REGTYPE, ""),
         ("docs/link.md", b"", tarfile.SYMTYPE, "/etc/passwd"), ("docs/hard.md", b"", tarfile.LNKTYPE, "docs/assembly.md"),
         ("docs/pipe", b"", tarfile.FIFOTYPE, "")]
TEXT = ["Assembly Tighten the axle to 40 Nm. Tools torque wrench grease", CSV.replace(",", " ")]
STARTS = [["docs/assembly.md", "parsed"], ["docs/long-long-", "parsed"], ["docs/link.md", "skipped"], ["docs/hard.md", "skipped"], ["docs/pipe", "skipped"]]
write("pax.tar", tarred(FILES), text=TEXT, tables=[TABLE], part_starts=STARTS)
write("gnu.tar", tarred(FILES, tarfile.GNU_FORMAT), text=TEXT, tables=[TABLE], part_starts=STARTS)
packed = gzip.compress(tarred(FILES), mtime=0)
write("docs.tar.gz", packed, text=TEXT, tables=[TABLE], part_starts=STARTS)

# A sparse file (GNU 0.0, in PAX records): a hole, then a text.
hole, tail = 4096, b"after the hole\n"
info = tarfile.TarInfo("sparse.txt")
info.mtime, info.size, info.type = SECONDS, 512, tarfile.GNUTYPE_SPARSE
block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
block[386:398] = b"%011o\0" % hole
block[398:410] = b"%011o\0" % len(tail)
block[482:483] = b"\0"
block[483:495] = b"%011o\0" % (hole + len(tail))
block[124:136] = b"%011o\0" % len(tail)
block[148:156] = b" " * 8
block[148:156] = b"%06o\0 " % sum(block)
data = bytes(block) + tail + b"\0" * (512 - len(tail)) + b"\0" * 1024
write("sparse.tar", data, error="nothing_read")

# Gzip of one file: with a name, without one, in two members, and cut short.
buffer = io.BytesIO()
with gzip.GzipFile("parts.csv", "wb", fileobj=buffer, mtime=0) as file:
    file.write(CSV.encode())
write("named.gz", buffer.getvalue(), text=[CSV.replace(",", " ")], tables=[TABLE], parts=[[["parts.csv"], "parsed"]])
write("note.txt.gz", gzip.compress(NOTE.encode(), mtime=0) + gzip.compress(b"And again on 4 March.\n", mtime=0),
      text=[NOTE, "And again on 4 March."], parts=[[["note.txt"], "parsed"]])
write("cut.txt.gz", gzip.compress((NOTE * 20).encode(), 0, mtime=0)[:-40], text=[NOTE] * 18, parts=[[["cut.txt"], "parsed"]], warnings=["damaged_part"])
