//! The programs that read files: their options with a value, and what their operands are.

use super::Access;
use super::table::{AFTER, Program, READ, Shape, plain};
use crate::options::Valued;

/// Programs whose operands are files that they read, or a text and then such files.
pub(super) const READERS: &[Program] = &[
    plain(
        &[
            "cat",
            "rev",
            "zcat",
            "bzcat",
            "xzcat",
            "source",
            ".",
            "tsort",
            "base64",
            "base32",
            "md5sum",
            "sha1sum",
            "sha224sum",
            "sha256sum",
            "sha384sum",
            "sha512sum",
            "b2sum",
            "md5",
            "sum",
        ],
        "w",
        &["wrap"],
        READ,
    ),
    plain(&["cksum"], "al", &["algorithm", "length"], READ),
    plain(&["shasum"], "a", &["algorithm"], READ),
    plain(&["tac"], "s", &["separator"], READ),
    plain(
        &["nl"],
        "bdfhilnpsvw",
        &[
            "body-numbering",
            "number-format",
            "number-separator",
            "number-width",
        ],
        READ,
    ),
    plain(
        &["strings"],
        "nteTUs",
        &["bytes", "radix", "encoding", "target", "output-separator"],
        READ,
    ),
    plain(
        &["less", "more", "most", "zless", "zmore"],
        "bhjkoOpPtTxyz",
        &[
            "pattern", "tag", "tabs", "shift", "window", "prompt", "log-file",
        ],
        READ,
    ),
    plain(
        &["bat", "batcat"],
        "lHmr",
        &[
            "language",
            "highlight-line",
            "map-syntax",
            "line-range",
            "style",
            "theme",
            "wrap",
            "tabs",
            "color",
            "decorations",
            "paging",
            "file-name",
            "terminal-width",
        ],
        READ,
    ),
    plain(&["wc"], "", &["files0-from", "total"], READ),
    plain(
        &["file"],
        "mefFP",
        &[
            "magic-file",
            "exclude",
            "files-from",
            "separator",
            "parameter",
        ],
        READ,
    ),
    plain(&["expand", "unexpand"], "t", &["tabs"], READ),
    plain(
        &["head", "tail"],
        "ncs",
        &[
            "lines",
            "bytes",
            "sleep-interval",
            "pid",
            "max-unchanged-stats",
        ],
        READ,
    ),
    plain(
        &["od"],
        "AjNSt",
        &[
            "address-radix",
            "skip-bytes",
            "read-bytes",
            "format",
            "endian",
        ],
        READ,
    ),
    plain(&["xxd"], "cglosnR", &[], READ),
    plain(
        &["hexdump", "hd"],
        "efns",
        &["format", "format-file", "length", "skip"],
        READ,
    ),
    Program {
        writes: &["-o", "--output"],
        reads: &["--files0-from", "--random-source"],
        ..plain(
            &["sort", "gsort"],
            "kSTto",
            &[
                "key",
                "buffer-size",
                "field-separator",
                "output",
                "files0-from",
                "random-source",
                "temporary-directory",
            ],
            READ,
        )
    },
    Program {
        writes: &["-o", "--output"],
        ..plain(
            &["shuf"],
            "ino",
            &["input-range", "head-count", "output", "random-source"],
            READ,
        )
    },
    plain(
        &["cut"],
        "dfbc",
        &[
            "delimiter",
            "fields",
            "bytes",
            "characters",
            "output-delimiter",
        ],
        READ,
    ),
    plain(&["paste"], "d", &["delimiters"], READ),
    plain(
        &["column"],
        "cCEHilnNoOpRrsTW",
        &[
            "separator",
            "output-separator",
            "output-width",
            "table-columns",
            "table-right",
        ],
        READ,
    ),
    plain(&["fold", "fmt"], "wpg", &["width", "prefix", "goal"], READ),
    plain(
        &["uniq"],
        "fsw",
        &["skip-fields", "skip-chars", "check-chars"],
        Shape::Split,
    ),
    plain(&["comm"], "", &["output-delimiter"], READ),
    plain(&["join"], "ae12jotv", &[], READ),
    plain(
        &["pr"],
        "DhloNSWw",
        &["header", "length", "width", "page-width", "indent"],
        READ,
    ),
    plain(&["iconv"], "fto", &["from-code", "to-code", "output"], READ),
    plain(
        &["diff", "colordiff"],
        "UCIFxXSDWL",
        &[
            "unified",
            "context",
            "exclude",
            "exclude-from",
            "label",
            "width",
            "ignore-matching-lines",
            "starting-file",
            "from-file",
            "to-file",
        ],
        READ,
    ),
    plain(&["cmp"], "in", &["ignore-initial", "bytes"], READ),
    Program {
        writes: &["-o", "--output"],
        ..plain(&["sdiff"], "IWo", &["output", "width"], READ)
    },
    Program {
        reads: &["-f", "--file", "--exclude-from"],
        ..plain(
            &["grep", "egrep", "fgrep", "zgrep"],
            "ABCmedfD",
            &[
                "after-context",
                "before-context",
                "context",
                "max-count",
                "regexp",
                "file",
                "include",
                "exclude",
                "exclude-dir",
                "exclude-from",
            ],
            AFTER,
        )
    },
    Program {
        reads: &["-f", "--file", "--ignore-file"],
        ..plain(
            &["rg"],
            "ABCmegtTfrjEMd",
            &[
                "after-context",
                "before-context",
                "context",
                "max-count",
                "regexp",
                "file",
                "glob",
                "iglob",
                "type",
                "type-not",
                "type-add",
                "color",
                "colors",
                "max-depth",
                "max-columns",
                "max-filesize",
                "replace",
                "sort",
                "sortr",
                "threads",
                "encoding",
                "engine",
                "ignore-file",
                "path-separator",
                "context-separator",
                "pre-glob",
            ],
            AFTER,
        )
    },
    plain(
        &["ag"],
        "ABCGmpW",
        &[
            "ignore",
            "ignore-dir",
            "file-search-regex",
            "max-count",
            "path-to-ignore",
            "depth",
            "width",
            "after",
            "before",
            "context",
        ],
        AFTER,
    ),
    plain(
        &["ack"],
        "ABCm",
        &["after-context", "before-context", "context", "max-count"],
        AFTER,
    ),
    Program {
        valued: crate::shell::SED,
        reads: &["-f", "--file"],
        ..plain(&["sed", "gsed"], "", &[], AFTER)
    },
    Program {
        valued: crate::shell::AWK,
        reads: &["-f", "-E", "--file", "--exec", "--include"],
        ..plain(&["awk", "gawk", "mawk", "nawk"], "", &[], AFTER)
    },
    Program {
        reads: &["-f", "--from-file"],
        ..plain(
            &["jq", "yq"],
            "fL",
            &["from-file", "indent", "output-format", "input-format"],
            AFTER,
        )
    },
    Program {
        valued: Valued {
            short: "eEI",
            attached: "iMmlF0xCD",
            long: &[],
        },
        ..plain(&["perl"], "", &[], Shape::All(Access::Touch))
    },
    Program {
        valued: Valued {
            short: "eIrCE",
            attached: "iF0xK",
            long: &[],
        },
        ..plain(&["ruby"], "", &[], Shape::All(Access::Touch))
    },
];
