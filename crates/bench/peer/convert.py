"""Reads documents with the peer: `convert.py FOLDER SECONDS`, where the folder holds one folder per format.

Each format is read file after file, all of them at least once, until so many seconds have passed. The text of each
file is written beside it, in a file that ends in `.peer`. One line of JSON per format: files, bytes, seconds.
"""

import json
import pathlib
import sys
import time

from markitdown import MarkItDown

peer = MarkItDown(enable_plugins=False)
for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    documents = sorted(folder.glob(f"*.{folder.name}"))
    # What is loaded at the first file of a format is no part of reading it.
    peer.convert(documents[0])
    count = size = 0
    began = time.perf_counter()
    while count < len(documents) or time.perf_counter() - began < float(sys.argv[2]):
        document = documents[count % len(documents)]
        text = peer.convert(document).text_content
        if count < len(documents):
            document.with_suffix(".peer").write_text(text)
        size += document.stat().st_size
        count += 1
    seconds = time.perf_counter() - began
    print(json.dumps({"format": folder.name, "files": count, "bytes": size, "seconds": seconds}), flush=True)
