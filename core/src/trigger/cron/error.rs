//! Why a text is not a cron pattern, and what to write instead.

use core::fmt;

/// One field of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// 0 to 59.
    Second,
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    Day,
    /// 1 to 12.
    Month,
    /// 0 to 7; both ends are Sunday.
    Weekday,
}

impl Field {
    /// The name: `minute`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Weekday => "weekday",
        }
    }

    /// The smallest and the largest number that may be written.
    pub const fn range(self) -> (u32, u32) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::Day => (1, 31),
            Self::Month => (1, 12),
            Self::Weekday => (0, 7),
        }
    }
}

/// Why a text is not a cron pattern: what, in which field, at which bytes.
///
/// ```
/// use mainspring_core::trigger::Cron;
/// let error = Cron::parse("61 * * * *").unwrap_err();
/// assert_eq!(error.to_string(), "minute: 61 is not in 0-59 (bytes 0-2)");
/// let error = Cron::parse("0 9 * sept *").unwrap_err();
/// assert_eq!(error.to_string(), "month: unknown name, did you mean `sep`? (bytes 6-10)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CronError {
    pub(super) kind: CronErrorKind,
    pub(super) field: Option<Field>,
    pub(super) start: u16,
    pub(super) end: u16,
}

/// What is wrong with a cron pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CronErrorKind {
    /// This many fields instead of five or six.
    FieldCount(u16),
    /// Longer than [`CRON_TEXT_LIMIT`](crate::limits::CRON_TEXT_LIMIT) bytes.
    TooLong,
    /// Nothing where an item should be, as in `1,,2` or `5-`.
    EmptyItem,
    /// A number that the field does not have.
    OutOfRange(u32),
    /// A range that ends before it begins, in a field that does not wrap around.
    Backwards(u32, u32),
    /// A step that is zero or larger than the field.
    BadStep(u32),
    /// A word that is no name; with the name that was probably meant.
    UnknownName(Option<&'static str>),
    /// `L`, `W`, `#` or `H`: known elsewhere, not part of crontab.
    Extension(u8),
    /// A byte that has no meaning here.
    Unexpected(u8),
    /// `@every`: a span, not a pattern.
    Every,
    /// `@reboot`: an event, not a time.
    Reboot,
    /// Another word after `@`.
    UnknownMacro,
}

impl CronError {
    /// What is wrong.
    pub const fn kind(&self) -> CronErrorKind {
        self.kind
    }

    /// The field, unless the mistake concerns the whole text.
    pub const fn field(&self) -> Option<Field> {
        self.field
    }

    /// The bytes of the text at fault.
    pub const fn span(&self) -> core::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The kind of mistake in words without numbers, for a `const` that cannot format.
    pub(super) const fn summary(&self) -> &'static str {
        match self.kind {
            CronErrorKind::FieldCount(_) => "cron pattern: five or six fields are needed",
            CronErrorKind::TooLong => "cron pattern: too long",
            CronErrorKind::EmptyItem => "cron pattern: an empty item",
            CronErrorKind::OutOfRange(_) => "cron pattern: a number is out of its field's range",
            CronErrorKind::Backwards(..) => "cron pattern: a range runs backwards",
            CronErrorKind::BadStep(_) => "cron pattern: a step is zero or too large",
            CronErrorKind::UnknownName(_) => "cron pattern: unknown name of a month or weekday",
            CronErrorKind::Extension(_) => "cron pattern: `L`, `W`, `#` and `H` are not crontab's",
            CronErrorKind::Unexpected(_) => "cron pattern: a character has no meaning there",
            CronErrorKind::Every => "cron pattern: use the `Every` trigger instead of `@every`",
            CronErrorKind::Reboot => "cron pattern: `@reboot` is not a time",
            CronErrorKind::UnknownMacro => "cron pattern: unknown word after `@`",
        }
    }
}

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = self.field {
            write!(f, "{}: ", field.name())?;
        }
        let (min, max) = self.field.map_or((0, 0), Field::range);
        match self.kind {
            CronErrorKind::FieldCount(found) => {
                return write!(
                    f,
                    "five or six fields are needed, found {found} \
                     (minute hour day month weekday, with the second before them if there are six)"
                );
            }
            CronErrorKind::TooLong => {
                return write!(f, "longer than {} bytes", crate::limits::CRON_TEXT_LIMIT);
            }
            CronErrorKind::EmptyItem => f.write_str("a value is missing")?,
            CronErrorKind::OutOfRange(number) => write!(f, "{number} is not in {min}-{max}")?,
            CronErrorKind::Backwards(from, to) => write!(
                f,
                "the range {from}-{to} runs backwards, write `{from}-{max},{min}-{to}` to wrap \
                 around"
            )?,
            CronErrorKind::BadStep(step) => {
                write!(f, "a step of {step} is not in 1-{}", max - min)?;
            }
            CronErrorKind::UnknownName(None) => f.write_str("unknown name")?,
            CronErrorKind::UnknownName(Some(name)) => {
                write!(f, "unknown name, did you mean `{name}`?")?;
            }
            CronErrorKind::Extension(byte) => {
                write!(f, "`{}` is not part of the crontab dialect", char::from(byte))?;
            }
            CronErrorKind::Unexpected(byte) => {
                write!(f, "`{}` has no meaning here", byte.escape_ascii())?;
            }
            CronErrorKind::Every => {
                return f.write_str("`@every` is a span, not a pattern: use an `every` trigger");
            }
            CronErrorKind::Reboot => {
                return f.write_str(
                    "`@reboot` is not a time: run the function when your program starts",
                );
            }
            CronErrorKind::UnknownMacro => f.write_str(
                "unknown macro, known are @yearly, @annually, @monthly, @weekly, @daily, \
                 @midnight and @hourly",
            )?,
        }
        write!(f, " (bytes {}-{})", self.start, self.end)
    }
}

impl core::error::Error for CronError {}
