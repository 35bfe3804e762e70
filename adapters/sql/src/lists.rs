//! Statements for as many items as there are.
//!
//! A part that is followed by `, ...` or ` OR ...` is repeated as often as there are items. How
//! often is a power of two, so that a connection keeps a few forms prepared and not hundreds.

/// Items as lists whose lengths are powers of two, the last one padded by its last item again: for
/// lists in which it makes no difference that something is named twice.
pub fn padded<T: Clone + Send + Sync>(items: &[T]) -> impl Iterator<Item = Vec<T>> + Send {
    items.chunks(MOST).map(|chunk| {
        let mut list = chunk.to_vec();
        if let Some(last) = chunk.last() {
            list.resize(chunk.len().next_power_of_two(), last.clone());
        }
        list
    })
}

/// Items as parts whose lengths are powers of two and that weigh no more than `most_bytes`, unless
/// a single item does.
pub fn parts<T>(mut items: &[T], most_bytes: usize, bytes: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut parts = Vec::new();
    while !items.is_empty() {
        let mut sum = 0_usize;
        let fits = |item: &&T| {
            sum = sum.saturating_add(bytes(item));
            sum <= most_bytes
        };
        let fitting = items.iter().take(MOST).take_while(fits).count().max(1);
        // The largest power of two that is not larger.
        let (part, rest) = items.split_at(1 << fitting.ilog2());
        parts.push(part);
        items = rest;
    }
    parts
}

/// The most items of one statement.
pub const MOST: usize = 256;

/// A statement with its repeated parts for `count` items.
pub fn repeat(sql: &str, count: usize) -> String {
    let mut rest = sql;
    let mut text = String::with_capacity(sql.len() + 64 * count);
    while let Some(at) = rest.find(REST) {
        let (before, after) = (&rest[..at], &rest[at + REST.len()..]);
        let (part, separator) = match before.strip_suffix(" OR ") {
            Some(part) => (part, " OR "),
            None => (before.trim_end_matches(", "), ", "),
        };
        let unit = &part[unit_start(part)..];
        text.push_str(part);
        for _ in 1..count {
            text.push_str(separator);
            text.push_str(unit);
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// Where the last item of a text begins: the parenthesis that belongs to the last character, or a
/// question mark.
fn unit_start(part: &str) -> usize {
    if !part.ends_with(')') {
        return part.len().saturating_sub(1);
    }
    let mut depth = 0_usize;
    for (at, byte) in part.bytes().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' if depth == 1 => return at,
            b'(' => depth -= 1,
            _ => {}
        }
    }
    0
}

/// Stands for more of the same.
const REST: &str = "...";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_before_the_dots_is_repeated() {
        assert_eq!(repeat("a IN (?, ...) b", 3), "a IN (?, ?, ?) b");
        assert_eq!(repeat("VALUES (?, (?)), ...", 2), "VALUES (?, (?)), (?, (?))");
        assert_eq!(repeat("(a = ? AND b = ?) OR ...", 2), "(a = ? AND b = ?) OR (a = ? AND b = ?)");
        assert_eq!(repeat("a IN (?, ...) OR b IN (?, ...)", 2), "a IN (?, ?) OR b IN (?, ?)");
        assert_eq!(repeat("a", 2), "a");
        assert_eq!(repeat("a IN (?, ...)", 1), "a IN (?)");
    }

    #[test]
    fn lists_come_in_powers_of_two() {
        let items: Vec<_> = (0..600).collect();
        let lengths: Vec<_> = padded(&items).map(|list| list.len()).collect();
        assert_eq!(lengths, [256, 256, 128]);
        assert_eq!(padded(&items[..3]).collect::<Vec<_>>(), [[0, 1, 2, 2]]);
        let lengths: Vec<_> = parts(&items, 1_000, |_| 1).iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [256, 256, 64, 16, 8]);
    }

    #[test]
    fn parts_weigh_no_more_than_a_packet() {
        let parts = parts(&[5, 5, 5, 99, 1, 1], 10, |&bytes| bytes);
        assert_eq!(parts, [&[5, 5][..], &[5], &[99], &[1, 1]]);
    }
}
