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

pub(super) const PLAIN: Program = Program {
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

pub(super) const fn plain(
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

pub(super) const READ: Shape = Shape::All(Access::Read);
pub(super) const WRITE: Shape = Shape::All(Access::Write);
pub(super) const AFTER: Shape = Shape::AfterFirst(Access::Read);

/// Programs that write, list, copy, pack or ask servers.
pub(super) const FILES: &[Program] = &[
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
        ..plain(&["scp"], "cFiJloPSDX", &[], Shape::Copy)
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
        &["ls", "ll", "readlink", "realpath"],
        "ITw",
        &[
            "ignore",
            "width",
            "tabsize",
            "block-size",
            "hide",
            "relative-to",
            "relative-base",
        ],
        Shape::All(Access::Search),
    ),
    plain(
        &["du"],
        "dBtX",
        &[
            "max-depth",
            "block-size",
            "threshold",
            "exclude",
            "exclude-from",
            "files0-from",
        ],
        Shape::All(Access::Search),
    ),
    plain(
        &["stat"],
        "c",
        &["format", "printf"],
        Shape::All(Access::Search),
    ),
    plain(&["find", "fd"], "", &[], Shape::Find),
    plain(
        &["gzip", "gunzip", "bzip2", "bunzip2"],
        "S",
        &["suffix"],
        WRITE,
    ),
    plain(
        &["xz", "unxz", "lzma", "unlzma"],
        "STCFM",
        &["suffix", "threads", "check", "format", "memlimit"],
        WRITE,
    ),
    Program {
        valued: Valued {
            short: "oD",
            attached: "TM",
            long: &[
                "output-dir-flat",
                "output-dir-mirror",
                "filelist",
                "patch-from",
            ],
        },
        writes: &["-o", "--output-dir-flat", "--output-dir-mirror"],
        reads: &["-D", "--patch-from", "--filelist"],
        ..plain(&["zstd", "unzstd"], "", &[], WRITE)
    },
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
    plain(&["vi", "vim", "nano", "emacs", "ed", "ex"], "u", &[], WRITE),
    Program {
        writes: &["-o", "--output", "-r", "--reject-file", "-d", "--directory"],
        reads: &["-i", "--input"],
        ..plain(
            &["patch"],
            "BDdFgioprVYz",
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
            "bOnPt",
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
        writes: &["--output", "-O"],
        reads: &["-I", "-E", "-F"],
        ..plain(&["cpio"], "CDEFHIMORV", &["output"], Shape::Nothing)
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
