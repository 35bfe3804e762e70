//! What must hold for every trigger and every zone, whatever they were made from.

use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Count, Trigger};
use mainspring_core::zone::{Local, Zone};

const MICRO: Span = Span::from_micros(1);

/// Instants to ask about: the ends of time, today's age, and what the input says.
pub(crate) fn instants(input: &[u8]) -> [Timestamp; 5] {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in input {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let span = |micros: u64, range: u64| Span::from_micros((micros % range).cast_signed());
    let recent = Timestamp::UNIX_EPOCH + span(hash, 4_102_444_800_000_000);
    let any = Timestamp::MIN + span(hash.rotate_left(32), 315_000_000_000_000_000);
    [Timestamp::MIN, Timestamp::UNIX_EPOCH, recent, any, Timestamp::MAX]
}

/// # Errors
/// The law that a trigger broke, and where.
pub(crate) fn trigger(trigger: &impl Trigger, input: &[u8]) -> Result<(), String> {
    for t in instants(input) {
        let next = trigger.next_after(t);
        if let Some(next) = next {
            hold(next > t, || format!("next_after({t}) is {next}"))?;
            let middle = t + Span::from_micros(next.since(t).as_micros() / 2);
            if middle < next {
                let same = trigger.next_after(middle);
                hold(same == Some(next), || format!("{next} after {t}, {same:?} after {middle}"))?;
            }
            let back = trigger.prev_before(next + MICRO);
            hold(next == Timestamp::MAX || back == Some(next), || {
                format!("prev_before({next} + 1us) is {back:?}")
            })?;
            let count = trigger.count_between(t, next);
            // Counting may stop before it has come to a fire that is centuries away.
            let counted = matches!(count, Count::Exact(1) | Count::AtLeast(0..=1));
            hold(counted, || format!("{count:?} in ({t}, {next}]"))?;
        }
        if let Some(prev) = trigger.prev_before(t) {
            hold(prev < t, || format!("prev_before({t}) is {prev}"))?;
            let again = trigger.next_after(prev);
            hold(again.is_none_or(|again| again >= t), || {
                format!("{prev} before {t}, but {again:?} after it")
            })?;
        }
    }
    Ok(())
}

/// # Errors
/// The law that a zone broke, and where.
pub(crate) fn zone(zone: &Zone<'_>, input: &[u8]) -> Result<(), String> {
    for t in instants(input) {
        if let Some(next) = zone.next_transition(t) {
            hold(next > t, || format!("next_transition({t}) is {next}"))?;
        }
        if let Some(prev) = zone.prev_transition(t) {
            hold(prev < t, || format!("prev_transition({t}) is {prev}"))?;
        }
        let shown = zone.local(t);
        let second = t - Span::from_micros(t.subsec_micros());
        let found = match zone.resolve(shown) {
            Local::One(at) => at == second,
            // In an odd zone a time can be shown more than twice.
            Local::Fold { first, second: last } => first <= last,
            Local::Gap { .. } => false,
        };
        hold(found, || format!("{t} shows {shown}, which is {:?}", zone.resolve(shown)))?;
    }
    Ok(())
}

/// # Errors
/// What `otherwise` says, unless it holds.
pub(crate) fn hold(it: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if it { Ok(()) } else { Err(otherwise()) }
}
