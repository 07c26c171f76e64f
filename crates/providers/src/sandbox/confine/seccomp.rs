//! seccomp: the system calls that a parser needs, and no other.
//!
//! A list of what is allowed, because nobody can list what a future kernel will offer. What is not on it fails with
//! `ENOSYS`, as on a kernel too old for it: C libraries have an answer to that wherever they try something new (glibc
//! takes `clone` where `clone3` is missing, which could not be filtered), where `EPERM` would be taken for final. It does
//! not kill: a library that looks for a file it can do without goes on without it.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

use super::Layer;

/// Allowed whatever the arguments: memory, the open pipes, locks between threads, signals to oneself, the clock.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_close,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Confines the process; to be called while it has one thread. A kernel without seccomp leaves that to the other layers.
pub(super) fn restrict() -> Layer {
    let program = match filter() {
        Ok(program) => program,
        Err(error) => return Layer::Missing(format!("not for this processor: {error}")),
    };
    match seccompiler::apply_filter(&program) {
        Ok(()) => Layer::Active("system calls on a list only".to_owned()),
        Err(error) => Layer::Missing(error.to_string()),
    }
}

fn filter() -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    let not_executable = SeccompCmpOp::MaskedEq(bits(libc::PROT_EXEC));
    rules.extend([
        // Memory is data: what a document smuggles in does not run.
        (libc::SYS_mmap, only(2, not_executable.clone(), 0)?),
        (libc::SYS_mprotect, only(2, not_executable, 0)?),
        // A thread and not a process.
        (
            libc::SYS_clone,
            only(
                0,
                SeccompCmpOp::MaskedEq(bits(libc::CLONE_THREAD)),
                bits(libc::CLONE_THREAD),
            )?,
        ),
        // `abort` and nobody else's signals.
        (
            libc::SYS_tgkill,
            only(0, SeccompCmpOp::Eq, u64::from(std::process::id()))?,
        ),
        // Limits may be read, as glibc does for a new thread's stack, and not set.
        (libc::SYS_prlimit64, only(2, SeccompCmpOp::Eq, 0)?),
        // The name of a thread.
        (
            libc::SYS_prctl,
            only(0, SeccompCmpOp::Eq, bits(libc::PR_SET_NAME))?,
        ),
    ]);
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let missing = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
    SeccompFilter::new(rules, missing, SeccompAction::Allow, arch)?.try_into()
}

fn only(
    argument: u8,
    operator: SeccompCmpOp,
    value: u64,
) -> Result<Vec<SeccompRule>, BackendError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, operator, value)?;
    Ok(vec![SeccompRule::new(vec![condition])?])
}

/// A constant of the C headers as the kernel's registers hold it.
fn bits(constant: libc::c_int) -> u64 {
    u64::from(constant.cast_unsigned())
}
