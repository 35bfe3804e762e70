//! Typed reading of one TOML table: every wrong value becomes a problem, and reading goes on.

use core::fmt::Display;
use core::ops::RangeInclusive;
use core::str::FromStr;

use mainspring_core::time::Span;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problems;

/// A value and the byte where it stands.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) at: usize,
}

/// A TOML table under the name that people know it by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    /// Such as `[tasks.backup]`.
    pub(super) name: &'a str,
    /// The byte where it starts.
    pub(super) at: usize,
    table: &'a DeTable<'a>,
    problems: &'a Problems<'a>,
}

impl<'a> Table<'a> {
    pub(super) fn new(
        name: &'a str,
        at: usize,
        table: &'a DeTable<'a>,
        problems: &'a Problems<'a>,
    ) -> Self {
        Self { name, at, table, problems }
    }

    /// Complains about every key that is not one of `known`.
    pub(super) fn allow(&self, known: &[&str]) {
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            let hint = did_you_mean(name, known.iter().copied())
                .unwrap_or_else(|| format!("known here: {}", list(known)));
            let message = format!("unknown key `{name}` in {} ({hint})", self.name);
            self.problems.error(key.span().start, message);
        }
    }

    /// Complains about each of `keys` that is there, giving the reason.
    pub(super) fn refuse(&self, keys: &[&str], reason: &str) {
        for key in keys {
            if let Some((name, _)) = self.table.get_key_value(*key) {
                let message = format!("`{key}` in {} {reason}", self.name);
                self.problems.error(name.span().start, message);
            }
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The value of `key`, of any type.
    pub(super) fn value(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.get(key)
    }

    /// The entries in the order of the file.
    pub(super) fn entries(&self) -> Vec<(At<&'a str>, &'a Spanned<DeValue<'a>>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| (At { value: key.get_ref().as_ref(), at: key.span().start }, value))
            .collect();
        entries.sort_by_key(|(key, _)| key.at);
        entries
    }

    /// A table inside this one.
    pub(super) fn inner<'b>(&self, name: &'b str, at: usize, table: &'a DeTable<'a>) -> Table<'b>
    where
        'a: 'b,
    {
        Table { name, at, table, problems: self.problems }
    }

    pub(super) fn problems(&self) -> &'a Problems<'a> {
        self.problems
    }

    /// The byte of the file at which a byte of a text in the file stands; `None` if the text is not
    /// written there as it is read, because it has escapes.
    pub(super) fn place_in(&self, text: &Spanned<DeValue<'_>>, at: usize) -> Option<usize> {
        let content = text.get_ref().as_str()?;
        let start = text.span().start + self.problems.written(text.span())?.find(content)?;
        Some(start + at)
    }

    /// Complains that the value of `key` is not what it should be.
    pub(super) fn wrong(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let found = shown(value.get_ref());
        self.problems.error(value.span().start, format!("`{key}` is {found}: {wanted}"));
    }

    pub(super) fn text(&self, key: &str, example: &str) -> Option<At<String>> {
        let value = self.value(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong(key, value, &format!("write a text, such as `{key} = {example}`"));
            return None;
        };
        Some(At { value: text.to_owned(), at: value.span().start })
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(key, value, "write `true` or `false`");
        }
        flag
    }

    pub(super) fn number<T>(&self, key: &str, range: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        let value = self.value(key)?;
        let number = value
            .get_ref()
            .as_integer()
            .filter(|integer| integer.radix() == 10)
            .and_then(|integer| integer.as_str().parse().ok())
            .filter(|number| range.contains(number));
        if number.is_none() {
            let wanted = format!("write a whole number from {} to {}", range.start(), range.end());
            self.wrong(key, value, &wanted);
        }
        number
    }

    /// A length of time of at least `least`.
    pub(super) fn span(&self, key: &str, least: Span) -> Option<Span> {
        let value = self.value(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong(key, value, &format!("write a text with units, such as `{key} = \"90s\"`"));
            return None;
        };
        match text.parse::<Span>() {
            Err(error) => self.wrong(key, value, &error.to_string()),
            Ok(span) if span < least => {
                let wanted = if least == Span::ZERO {
                    "a time cannot be negative here".to_owned()
                } else {
                    format!("write at least `{least}`")
                };
                self.wrong(key, value, &wanted);
            }
            Ok(span) => return Some(span),
        }
        None
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let value = self.value(key)?;
        let found =
            value.get_ref().as_str().and_then(|text| words.iter().find(|(word, _)| *word == text));
        if found.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.wrong(key, value, &format!("write one of {}", words.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    /// The table that `key` holds.
    pub(super) fn table(&self, key: &str, example: &str) -> Option<(usize, &'a DeTable<'a>)> {
        let value = self.value(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(key, value, &format!("write a table, such as `{example}`"));
            return None;
        };
        Some((value.span().start, table))
    }
}

/// A value as a message names it.
pub(super) fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("\"{}\"", text.escape_debug()),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// `did you mean ...` if one of `known` is close to `name`.
pub(crate) fn did_you_mean<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<String> {
    let near = |word: &&str| strsim::jaro_winkler(name, word);
    let best = known.max_by(|a, b| near(a).total_cmp(&near(b)))?;
    // The threshold that clap uses for its own suggestions.
    (near(&best) > 0.7).then(|| format!("did you mean `{best}`?"))
}

/// Words in a message: `a`, `b`, `c`.
pub(super) fn list<T: AsRef<str>>(words: &[T]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    quoted.join(", ")
}
