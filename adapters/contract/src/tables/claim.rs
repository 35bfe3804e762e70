//! Handing out ready jobs.

use super::finish::left_key;
use super::work::Work;
use super::{Done, Tables};
use crate::record::{ClaimJobs, Job};

impl<T: Tables> Work<T> {
    /// Hands out ready jobs under leases. `turn` is the number of jobs that were handed out before:
    /// it says which task comes first.
    pub(super) async fn claim_jobs(&mut self, claim: &ClaimJobs<'_>, turn: u32) -> Done<Vec<Job>> {
        let now = self.now();
        let mut claimed: Vec<Job> = Vec::new();
        loop {
            let open = claim.max.saturating_sub(u32::try_from(claimed.len()).unwrap_or(u32::MAX));
            if open == 0 || claim.tasks.is_empty() {
                return Ok(claimed);
            }
            let mut damaged = Vec::new();
            let before = claimed.len();
            for row in self.tables.claim_jobs(claim, open, turn).await? {
                match row {
                    Ok(job) => claimed.push(job),
                    Err(row) => damaged.push(row),
                }
            }
            let mut left: Vec<_> =
                claimed[before..].iter().filter_map(|job| left_key(job, now)).collect();
            if !left.is_empty() {
                left.sort_unstable_by(|(one, _), (other, _)| one.by_key().cmp(&other.by_key()));
                self.tables.leave_keys(&left).await?;
            }
            // Jobs that were buried leave room for others.
            if damaged.is_empty() {
                return Ok(claimed);
            }
            self.bury(damaged).await?;
        }
    }
}
