//! Who may run and finish a job, and until when.
//!
//! The store counts a lease by its own clock. The holder counts it from the moment it *sent* the
//! request, on its monotonic clock, minus a margin: it therefore stops before the store gives the
//! job away, whatever the network and the clocks do.

use crate::domain::Domain;
use crate::id::Token;
use crate::limits;
use crate::note::Note;
use crate::time::{Mono, Span, Timestamp};

/// One node's right to a job, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Lease<D: Domain> {
    /// The holder.
    pub node: D::NodeId,
    /// Fences this claim off from earlier and later ones.
    pub token: Token,
    /// The end, by the store's clock: from this instant on the job may be rescued.
    pub until: D::Note<Timestamp>,
}

impl<D: Domain> Lease<D> {
    /// This node's, under this token, until then.
    pub(crate) fn granted(node: D::NodeId, token: Token, until: Timestamp) -> Self {
        Self { node, token, until: D::Note::of(until) }
    }

    /// Whether the lease still holds at `now`, by the store's clock.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.until.value()
    }

    /// The same lease until then. It never becomes shorter: replies may overtake one another.
    #[must_use]
    pub fn prolonged(&self, until: Timestamp) -> Self {
        let until = D::Note::of(self.until.value().max(until));
        Self { until, ..self.clone() }
    }
}

/// How long leases last and how their holder treats them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LeaseTerms {
    /// The length that is asked of the store.
    pub lease_for: Span,
    /// How much earlier the holder considers it over.
    pub margin: Span,
}

impl LeaseTerms {
    /// 15 s with a margin of 2 s.
    pub const DEFAULT: Self = Self { lease_for: limits::LEASE_FOR, margin: limits::LEASE_MARGIN };

    /// When the holder of a lease asked for at `sent` must have stopped.
    pub fn trusted_until(self, sent: Mono) -> Mono {
        sent + (self.lease_for - self.margin)
    }

    /// When the holder of a lease asked for at `sent` asks for more.
    pub fn renew_at(self, sent: Mono) -> Mono {
        sent + Span::from_micros(self.lease_for.as_micros() / limits::LEASE_RENEWALS)
    }
}

impl Default for LeaseTerms {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_stops_before_the_store_gives_the_job_away() {
        let terms = LeaseTerms::DEFAULT;
        let sent = Mono::from_micros(77);
        assert!(terms.renew_at(sent) < terms.trusted_until(sent));
        assert!(terms.trusted_until(sent) < sent + terms.lease_for);
    }
}
