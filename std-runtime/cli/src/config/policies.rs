//! What becomes of a schedule's fires.

use mainspring_core::overlap::Overlap;
use mainspring_core::schedule::{Coalesce, Jitter, Policies, Spread};
use mainspring_core::time::Span;

use super::table::Table;

/// Most missed fires that can be asked for: more flood a machine for hours.
const CATCH_UP_LIMIT: u16 = 10_000;

/// The keys of policies.
pub(super) const KEYS: [&str; 9] = [
    "coalesce",
    "misfire_grace",
    "catch_up",
    "jitter",
    "slack",
    "overlap",
    "limit",
    "after_run",
    "max_failures",
];

/// Reads all policies of a schedule.
pub(super) fn read(table: Table<'_>) -> Policies {
    let default = Policies::DEFAULT;
    let coalesce = table.word("coalesce", &Coalesce::ALL.map(|policy| (policy.name(), policy)));
    let overlap = table.word("overlap", &Overlap::ALL.map(|policy| (policy.name(), policy)));
    Policies {
        coalesce: coalesce.unwrap_or(default.coalesce),
        misfire_grace: table.span("misfire_grace", Span::ZERO),
        catch_up: table.number("catch_up", 1..=CATCH_UP_LIMIT).unwrap_or(default.catch_up),
        jitter: jitter(table),
        slack: table.span("slack", Span::ZERO).unwrap_or(default.slack),
        overlap: overlap.unwrap_or(default.overlap),
        limit: table.number("limit", 1..=u32::MAX),
        after_run: table.span("after_run", Span::ZERO),
        max_failures: table.number("max_failures", 1..=u16::MAX),
    }
}

fn jitter(table: Table<'_>) -> Option<Jitter> {
    let value = table.value("jitter")?;
    let Some(inner) = value.get_ref().as_table() else {
        let up_to = table.span("jitter", Span::ZERO)?;
        return Some(Jitter { up_to, spread: Spread::Random });
    };
    let inner = table.inner("`jitter`", value.span().start, inner);
    inner.allow(&["up_to", "spread"]);
    let spread = inner.word("spread", &Spread::ALL.map(|spread| (spread.name(), spread)));
    if !inner.has("up_to") {
        let wanted = "`jitter` has no `up_to`: write `{ up_to = \"30s\", spread = \"stable\" }`";
        inner.problems().missing(inner.at, wanted.to_owned());
    }
    let up_to = inner.span("up_to", Span::ZERO)?;
    Some(Jitter { up_to, spread: spread.unwrap_or_default() })
}
