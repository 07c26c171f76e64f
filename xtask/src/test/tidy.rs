//! No house rule is broken.

use crate::tidy;

use super::Run;

pub(super) fn run(run: &mut Run) -> anyhow::Result<()> {
    tidy::run(&run.root)
}
