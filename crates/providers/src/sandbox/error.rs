//! Why a job in the sandbox gave no answer, and who must act.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// Why a job gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The child read the document and refused it: the caller must change the document or the request.
    #[error("{message}")]
    Rejected {
        /// The handler's own code.
        code: String,
        /// The handler's own sentence.
        message: String,
    },
    /// Reading the document took too much memory.
    #[error(
        "reading the document stopped at {limit} bytes of memory; the file may be damaged or too complex: check that it opens elsewhere, and divide it if it is large"
    )]
    OutOfMemory {
        /// The limit in bytes.
        limit: u64,
    },
    /// Reading the document took too much CPU time.
    #[error(
        "reading the document stopped after {limit} s of CPU time; the file may be damaged or too complex: check that it opens elsewhere, and divide it if it is large"
    )]
    CpuTime {
        /// The limit in seconds.
        limit: u64,
    },
    /// The job did not answer in time.
    #[error(
        "reading the document stopped after {limit:?}; the file may be damaged or too complex: check that it opens elsewhere, and divide it if it is large"
    )]
    WallClock {
        /// The limit.
        limit: Duration,
    },
    /// The answer is too long.
    #[error("what was read from the document is larger than {limit} bytes: split it")]
    OutputTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The document is too long.
    #[error("the document is larger than {limit} bytes: send a smaller one")]
    InputTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The child ended without an answer: its parser has a defect, which whoever maintains Civitas must mend.
    #[error("the parser failed on this document ({how}): report it together with the document")]
    Crashed {
        /// How it ended.
        how: HowItCrashed,
        /// The last lines it wrote to its standard error; text of the child's, not to be trusted.
        stderr_tail: String,
    },
    /// Too many jobs wait already: try again later.
    #[error("too many documents wait to be read: try again in a moment")]
    Busy,
    /// The document could not be fetched to its end: try again later.
    #[error("the document could not be fetched to its end: try again")]
    Input(#[source] Box<dyn Error + Send + Sync>),
    /// The child could not be started or talked to: the operator finds the reason in the cause.
    #[error(
        "the sandbox cannot start or reach its child process: the operator must look at the cause"
    )]
    Io(#[from] io::Error),
}

/// How a child ended that gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HowItCrashed {
    /// It exited by itself with this code.
    Exit(i32),
    /// This signal ended it. 9 (SIGKILL) did not come from us: most often it is the kernel, out of memory.
    Signal(i32),
    /// Its handler panicked with this message.
    Panic(String),
    /// It sent something that is not an answer.
    Garbled,
}

impl fmt::Display for HowItCrashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Panic(message) => write!(f, "panic: {message}"),
            Self::Garbled => f.write_str("garbled answer"),
        }
    }
}
