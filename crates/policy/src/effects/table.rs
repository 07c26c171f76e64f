//! The programs whose files are known: their options with a value, and what their operands and values are.

use super::Access;
use crate::options::Valued;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Every operand.
    All(Access),
    /// Every operand after the first.
    AfterFirst(Access),
    /// The first is written, the others are read.
    FirstWritten,
    /// All are read, the last is written.
    Copy,
    /// All are written: the first ones disappear.
    Move,
    /// `if=` is read, `of=` is written.
    Assignments,
    /// Operands before the first test are listed.
    Find,
    /// Operands are read or written as the mode says.
    Tar,
    /// The archive is read, a folder is written.
    Unpack,
    /// Addresses, which are written to files of their last part.
    Download,
    /// The first is read, the second is the beginning of the names that are written.
    Split,
    /// Nothing is a file.
    Nothing,
}

/// What is known of programs.
pub(super) struct Program {
    pub names: &'static [&'static str],
    pub valued: Valued,
    /// Options whose value is written, and those whose value is read.
    pub writes: &'static [&'static str],
    pub reads: &'static [&'static str],
    pub shape: Shape,
}

const PLAIN: Program = Program {
    names: &[],
    valued: Valued {
        short: "",
        attached: "",
        long: &[],
    },
    writes: &[],
    reads: &[],
    shape: Shape::Nothing,
};

const fn plain(
    names: &'static [&'static str],
    short: &'static str,
    long: &'static [&'static str],
    shape: Shape,
) -> Program {
    Program {
        names,
        valued: Valued {
            short,
            attached: "",
            long,
        },
        shape,
        ..PLAIN
    }
}

const READ: Shape = Shape::All(Access::Read);
const WRITE: Shape = Shape::All(Access::Write);
const AFTER: Shape = Shape::AfterFirst(Access::Read);

pub(super) const PROGRAMS: [Program; 45] = [
    plain(
        &[
            "cat",
            "tac",
            "nl",
            "rev",
            "strings",
            "base64",
            "base32",
            "md5sum",
            "sha1sum",
            "sha256sum",
            "sha512sum",
            "cksum",
            "zcat",
            "less",
            "more",
            "source",
            ".",
            "bat",
            "wc",
            "file",
            "tsort",
            "expand",
        ],
        "wbsn",
        &[],
        READ,
    ),
    plain(
        &["head", "tail"],
        "ncs",
        &["lines", "bytes", "sleep-interval", "pid"],
        READ,
    ),
    plain(&["od", "xxd", "hexdump"], "jNtwAslcgon", &[], READ),
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
            "inor",
            &["input-range", "head-count", "output", "random-source"],
            READ,
        )
    },
    plain(
        &[
            "cut", "paste", "column", "fold", "fmt", "uniq", "comm", "join",
        ],
        "dfbcwsNto",
        &["delimiter", "fields", "bytes", "characters", "width"],
        READ,
    ),
    plain(
        &["diff", "cmp", "sdiff"],
        "UCIxW",
        &["unified", "context", "exclude"],
        READ,
    ),
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
        reads: &["-f", "--file"],
        ..plain(
            &["rg", "ag", "ack"],
            "ABCmegtTfrjEM",
            &[
                "after-context",
                "before-context",
                "context",
                "max-count",
                "regexp",
                "file",
                "glob",
                "type",
                "color",
                "max-depth",
                "replace",
                "sort",
                "threads",
            ],
            AFTER,
        )
    },
    Program {
        valued: Valued {
            short: "efl",
            attached: "i",
            long: &["line-length", "expression", "file"],
        },
        reads: &["-f", "--file"],
        ..plain(&["sed", "gsed"], "", &[], AFTER)
    },
    Program {
        reads: &["-f", "--file", "--from-file"],
        ..plain(
            &["awk", "gawk", "mawk"],
            "Fvmfi",
            &["field-separator", "assign", "file", "include"],
            AFTER,
        )
    },
    Program {
        reads: &["-f", "--from-file"],
        ..plain(&["jq", "yq"], "fL", &["from-file", "indent"], AFTER)
    },
    Program {
        valued: Valued {
            short: "eIMmfr",
            attached: "i",
            long: &[],
        },
        ..plain(&["perl", "ruby"], "", &[], Shape::AfterFirst(Access::Touch))
    },
    plain(&["tee", "rm", "rmdir", "unlink", "sponge"], "", &[], WRITE),
    plain(&["touch"], "drt", &["date", "reference", "time"], WRITE),
    plain(&["mkdir", "mkfifo"], "m", &["mode"], WRITE),
    plain(&["truncate"], "rs", &["reference", "size"], WRITE),
    plain(
        &["shred"],
        "ns",
        &["iterations", "size", "random-source"],
        WRITE,
    ),
    plain(
        &["chmod", "chown", "chgrp", "setfacl", "chattr"],
        "",
        &["from"],
        Shape::AfterFirst(Access::Write),
    ),
    plain(&["cp"], "tS", &["target-directory", "suffix"], Shape::Copy),
    plain(
        &["install"],
        "mogSt",
        &["mode", "owner", "group", "suffix", "target-directory"],
        Shape::Copy,
    ),
    Program {
        reads: &["-i", "-F"],
        ..plain(&["scp"], "cFiJloPSD", &[], Shape::Copy)
    },
    Program {
        writes: &["--log-file", "--backup-dir", "--partial-dir"],
        reads: &[
            "--files-from",
            "--exclude-from",
            "--include-from",
            "--password-file",
        ],
        ..plain(
            &["rsync"],
            "efBTM",
            &[
                "exclude",
                "include",
                "filter",
                "bwlimit",
                "rsh",
                "log-file",
                "backup-dir",
                "partial-dir",
                "files-from",
                "exclude-from",
                "include-from",
                "password-file",
                "rsync-path",
                "timeout",
                "port",
            ],
            Shape::Copy,
        )
    },
    plain(&["ln"], "tS", &["suffix", "target-directory"], Shape::Copy),
    plain(
        &["mv", "rename"],
        "tS",
        &["suffix", "target-directory"],
        Shape::Move,
    ),
    plain(&["dd"], "", &[], Shape::Assignments),
    Program {
        writes: &["-o"],
        ..plain(
            &["tree"],
            "ILPo",
            &["filelimit", "timefmt"],
            Shape::All(Access::Search),
        )
    },
    plain(
        &["ls", "du", "stat", "ll", "readlink", "realpath"],
        "ILPwTcd",
        &["ignore", "width", "format", "max-depth", "time-style"],
        Shape::All(Access::Search),
    ),
    plain(&["find", "fd"], "", &[], Shape::Find),
    plain(
        &[
            "gzip", "gunzip", "bzip2", "bunzip2", "xz", "unxz", "zstd", "unzstd",
        ],
        "ST",
        &[],
        WRITE,
    ),
    plain(
        &[
            "echo", "printf", "true", "false", ":", "test", "[", "export", "unset", "set", "cd",
            "pushd", "popd", "pwd", "type", "which", "command", "sleep", "exit", "return", "kill",
            "wait", "basename", "dirname", "seq", "date",
        ],
        "",
        &[],
        Shape::Nothing,
    ),
    Program {
        reads: &["-a", "--arg-file"],
        ..plain(
            &["xargs", "gxargs"],
            "aIJnPLdsER",
            &["arg-file"],
            Shape::Nothing,
        )
    },
    plain(
        &[
            "eval", "trap", "sudo", "doas", "env", "nohup", "timeout", "time", "nice", "watch",
            "exec",
        ],
        "",
        &[],
        Shape::Nothing,
    ),
    Program {
        reads: &["-F", "-i"],
        writes: &["-E"],
        ..plain(&["ssh"], "BbcDEeFIiJLlmOopQRSWw", &[], Shape::Nothing)
    },
    plain(
        &["vi", "vim", "nano", "emacs", "ed", "ex"],
        "pid",
        &[],
        WRITE,
    ),
    Program {
        writes: &["-o", "--output", "-r", "--reject-file", "-d", "--directory"],
        reads: &["-i", "--input"],
        ..plain(
            &["patch"],
            "BDdFgiopRrVYz",
            &[
                "output",
                "reject-file",
                "directory",
                "input",
                "strip",
                "fuzz",
            ],
            WRITE,
        )
    },
    Program {
        reads: &["-T", "--files-from", "-X", "--exclude-from"],
        writes: &["-g", "--listed-incremental", "--index-file"],
        ..plain(
            &["tar", "gtar", "bsdtar"],
            "fCTXbgFHIKLNV",
            &[
                "file",
                "directory",
                "files-from",
                "exclude-from",
                "exclude",
                "strip-components",
                "transform",
                "owner",
                "group",
                "mode",
                "listed-incremental",
                "index-file",
            ],
            Shape::Tar,
        )
    },
    plain(&["unzip", "unrar"], "dxP", &[], Shape::Unpack),
    Program {
        valued: Valued {
            short: "",
            attached: "oprtm",
            long: &[],
        },
        writes: &["-o"],
        ..plain(
            &["7z", "7za", "7zz"],
            "",
            &[],
            Shape::AfterFirst(Access::Touch),
        )
    },
    Program {
        writes: &["-O", "--output-file", "--out"],
        ..plain(
            &["zip"],
            "bOnPtTxi",
            &["output-file", "out"],
            Shape::FirstWritten,
        )
    },
    plain(
        &["split", "csplit"],
        "abClnt",
        &["bytes", "lines", "number", "suffix-length"],
        Shape::Split,
    ),
    Program {
        writes: &["-o", "--output", "-O"],
        ..plain(&["cpio"], "CEFHIMORo", &["output"], Shape::Nothing)
    },
    Program {
        writes: &[
            "-o",
            "--output",
            "--output-dir",
            "-c",
            "--cookie-jar",
            "-D",
            "--dump-header",
            "--trace",
            "--trace-ascii",
            "--stderr",
            "--libcurl",
            "--etag-save",
            "--hsts",
            "--alt-svc",
        ],
        reads: &[
            "-T",
            "--upload-file",
            "-K",
            "--config",
            "-E",
            "--cert",
            "--key",
            "--netrc-file",
            "--cacert",
        ],
        valued: crate::requests::CURL,
        ..plain(&["curl"], "", &[], Shape::Download)
    },
    Program {
        writes: &[
            "-O",
            "--output-document",
            "-o",
            "--output-file",
            "-a",
            "--append-output",
            "-P",
            "--directory-prefix",
            "--save-cookies",
        ],
        reads: &[
            "--post-file",
            "--body-file",
            "-i",
            "--input-file",
            "--load-cookies",
            "--config",
        ],
        valued: crate::requests::WGET,
        ..plain(&["wget", "wget2"], "", &[], Shape::Download)
    },
    Program {
        writes: &["-o", "--output", "--session"],
        valued: crate::requests::HTTPIE,
        ..plain(
            &["http", "https", "httpie", "xh", "xhs"],
            "",
            &[],
            Shape::Download,
        )
    },
];
