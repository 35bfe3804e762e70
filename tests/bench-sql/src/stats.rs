//! What is printed about repeated measurements.

/// The middle one; the upper one of two.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The smallest value that so great a share of all values does not exceed.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
}

/// One line of quantiles, in milliseconds.
pub(crate) fn line(name: &str, seconds: &[f64]) {
    let of = |share| quantile(seconds, share) * 1e3;
    println!(
        "{name:<34} {:>7} samples  p50 {:>8.2} ms  p99 {:>8.2} ms  p99.9 {:>8.2} ms",
        seconds.len(),
        of(0.5),
        of(0.99),
        of(0.999),
    );
}
