//! Why a text is not a cron pattern, and what to write instead.

use core::fmt;

use super::{Dialect, year};

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
    /// ISO weeks 1 to 53.
    Week,
    /// 1970 to 9999.
    Year,
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
            Self::Week => "week",
            Self::Year => "year",
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
            Self::Week => (1, 53),
            Self::Year => (year::FIRST, year::LAST),
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
#[non_exhaustive]
pub enum CronErrorKind {
    /// Too few or too many fields.
    FieldCount {
        /// How many there are.
        found: u16,
        /// How many are needed, in words.
        needed: &'static str,
    },
    /// Longer than [`CRON_TEXT_LIMIT`](crate::limits::CRON_TEXT_LIMIT) bytes.
    TooLong,
    /// Nothing where an item should be, as in `1,,2` or `5-`.
    EmptyItem,
    /// A number that the field does not have.
    OutOfRange {
        /// The number.
        number: u32,
        /// The smallest one that would do.
        min: u32,
        /// The largest one that would do.
        max: u32,
    },
    /// A range that ends before it begins, in a field that does not wrap around.
    Backwards {
        /// Where it begins.
        from: u32,
        /// Where it ends.
        to: u32,
        /// The smallest number of the field.
        min: u32,
        /// The largest number of the field.
        max: u32,
    },
    /// A step that is zero or larger than what it steps through.
    BadStep {
        /// The step.
        step: u32,
        /// The largest one that would do.
        limit: u32,
    },
    /// A word that is no name; with the name that was probably meant.
    UnknownName(Option<&'static str>),
    /// `L`, `W`, `#` or `H` for a [`Cron`](super::Cron), which has no room for it.
    Extension(u8),
    /// `H` without a seed.
    Seedless,
    /// A byte that means something in another dialect.
    Foreign {
        /// The byte.
        byte: u8,
        /// The dialect that does not know it.
        dialect: Dialect,
    },
    /// A byte that has no meaning here.
    Unexpected(u8),
    /// Several items with years from 2162 on.
    TooManyYears,
    /// A name before `=` that is no field.
    UnknownField,
    /// A field that was given before.
    Repeated,
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
            CronErrorKind::FieldCount { .. } => "cron pattern: too few or too many fields",
            CronErrorKind::TooLong => "cron pattern: too long",
            CronErrorKind::EmptyItem => "cron pattern: an empty item",
            CronErrorKind::OutOfRange { .. } => "cron pattern: a number is out of its range",
            CronErrorKind::Backwards { .. } => "cron pattern: a range runs backwards",
            CronErrorKind::BadStep { .. } => "cron pattern: a step is zero or too large",
            CronErrorKind::UnknownName(_) => "cron pattern: unknown name of a month or weekday",
            CronErrorKind::Extension(_) => "cron pattern: `L W # H` need an `ExtendedCron`",
            CronErrorKind::Seedless => "cron pattern: `H` needs a seed",
            CronErrorKind::Foreign { .. } => "cron pattern: a character of another dialect",
            CronErrorKind::Unexpected(_) => "cron pattern: a character has no meaning there",
            CronErrorKind::TooManyYears => "cron pattern: too many years beyond 2161",
            CronErrorKind::UnknownField => "cron pattern: unknown name of a field",
            CronErrorKind::Repeated => "cron pattern: a field is given twice",
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
        match self.kind {
            CronErrorKind::FieldCount { found, needed } => {
                return write!(
                    f,
                    "{needed} fields are needed, found {found} \
                     (minute hour day month weekday, with the second before them if there are \
                     six, and the year after them if there are seven)"
                );
            }
            CronErrorKind::TooLong => {
                return write!(f, "longer than {} bytes", crate::limits::CRON_TEXT_LIMIT);
            }
            CronErrorKind::EmptyItem => f.write_str("a value is missing")?,
            CronErrorKind::OutOfRange { number, min, max } => {
                write!(f, "{number} is not in {min}-{max}")?;
            }
            CronErrorKind::Backwards { from, to, min, max } => write!(
                f,
                "the range {from}-{to} runs backwards, write `{from}-{max},{min}-{to}` to wrap \
                 around"
            )?,
            CronErrorKind::BadStep { step, limit } => {
                write!(f, "a step of {step} is not in 1-{limit}")?;
            }
            CronErrorKind::UnknownName(None) => f.write_str("unknown name")?,
            CronErrorKind::UnknownName(Some(name)) => {
                write!(f, "unknown name, did you mean `{name}`?")?;
            }
            CronErrorKind::Extension(byte) => {
                let letter = char::from(byte);
                write!(f, "`{letter}` does not fit a `Cron`, use an `ExtendedCron`")?;
            }
            CronErrorKind::Seedless => {
                f.write_str("`H` needs a seed that it depends on, such as the schedule's id")?;
            }
            CronErrorKind::Foreign { byte, dialect } => foreign(f, byte, dialect)?,
            CronErrorKind::Unexpected(byte) => {
                write!(f, "`{}` has no meaning here", byte.escape_ascii())?;
            }
            CronErrorKind::TooManyYears => {
                let last = year::LAST_NEAR;
                write!(f, "only one item may have years after {last}, write one range")?;
            }
            CronErrorKind::UnknownField => f.write_str(
                "unknown field, known are year, month, day, week, day_of_week, hour, minute and \
                 second, each with `=`",
            )?,
            CronErrorKind::Repeated => f.write_str("the field is given twice")?,
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

fn foreign(f: &mut fmt::Formatter<'_>, byte: u8, dialect: Dialect) -> fmt::Result {
    let (name, instead) = match (dialect, byte.to_ascii_uppercase()) {
        (Dialect::ApScheduler, b'L') => ("apscheduler", ", write `last`"),
        (Dialect::ApScheduler, b'#') => ("apscheduler", ", write `2nd wed` as the day"),
        (Dialect::ApScheduler, b'?') => ("apscheduler", ", write `*`"),
        (Dialect::ApScheduler, _) => ("apscheduler", ""),
        (Dialect::Quartz, _) => ("quartz", ""),
        (Dialect::Crontab, _) => ("crontab", ""),
    };
    write!(f, "`{}` is not part of the {name} dialect{instead}", byte.escape_ascii())
}
