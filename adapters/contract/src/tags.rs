//! Sets of tags: what a job needs, and what a node offers.

use core::fmt;
use std::sync::Arc;

use crate::name::{NameError, Tag};

/// The most tags that one set may have: a job that needs more needs one name for all of them.
pub const TAGS_MAX: usize = 16;

/// Why a list of texts is no set of tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagsError {
    /// There are more than [`TAGS_MAX`]; this many.
    TooMany(usize),
    /// This text is no tag.
    Name(String, NameError),
    /// This tag has a comma, which separates tags where they are written one after the other.
    Comma(Tag),
}

impl fmt::Display for TagsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany(count) => {
                write!(f, "there are {count} tags (at most {TAGS_MAX} are possible)")
            }
            Self::Name(text, error) => write!(f, "`{text}` is no tag: {error}"),
            Self::Comma(tag) => {
                write!(
                    f,
                    "tag `{tag}` has a comma (commas separate tags; choose another character)"
                )
            }
        }
    }
}

impl core::error::Error for TagsError {}

/// A set of at most [`TAGS_MAX`] tags, in the order of their texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tags(Option<Arc<[Tag]>>);

impl Tags {
    /// No tag: what anybody offers, and what asks for nothing.
    pub const NONE: Self = Self(None);

    /// The set of these tags; one that is named twice is in it once.
    ///
    /// # Errors
    /// [`TagsError`], if one of the texts is no tag or there are too many.
    ///
    /// ```
    /// use mainspring_contract::Tags;
    /// let needed = Tags::new(["gpu"])?;
    /// assert!(Tags::new(["eu", "gpu"])?.covers(&needed));
    /// assert!(!Tags::NONE.covers(&needed));
    /// # Ok::<(), mainspring_contract::TagsError>(())
    /// ```
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, TagsError> {
        let tag = |text: &str| {
            let tag = Tag::new(text).map_err(|error| TagsError::Name(text.to_owned(), error))?;
            if text.contains(',') { Err(TagsError::Comma(tag)) } else { Ok(tag) }
        };
        let mut tags = texts.into_iter().map(tag).collect::<Result<Vec<_>, _>>()?;
        tags.sort_unstable();
        tags.dedup();
        match tags.len() {
            0 => Ok(Self::NONE),
            count if count > TAGS_MAX => Err(TagsError::TooMany(count)),
            _ => Ok(Self(Some(tags.into()))),
        }
    }

    /// The set that [`Display`](fmt::Display) has written; the empty text is the empty set.
    ///
    /// # Errors
    /// [`TagsError`], if one of the texts between commas is no tag or there are too many.
    pub fn from_text(text: &str) -> Result<Self, TagsError> {
        if text.is_empty() { Ok(Self::NONE) } else { Self::new(text.split(',')) }
    }

    /// Whether every tag of `needed` is in this set.
    pub fn covers(&self, needed: &Self) -> bool {
        needed.iter().all(|tag| self.as_slice().binary_search(tag).is_ok())
    }

    /// The tags, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Tag> {
        self.as_slice().iter()
    }

    /// Whether there is no tag.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn as_slice(&self) -> &[Tag] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// The tags with commas between them.
impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, tag) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{tag}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_one_text_and_is_read_back_from_it() {
        let tags = Tags::new(["gpu", "eu", "gpu"]).expect("tags");
        assert_eq!(tags.to_string(), "eu,gpu");
        assert_eq!(Tags::from_text("eu,gpu"), Ok(tags));
        assert_eq!(Tags::from_text(""), Ok(Tags::NONE));
        assert_eq!(Tags::new([]), Ok(Tags::NONE));
    }

    #[test]
    fn what_is_no_tag_is_refused_by_name() {
        let comma = Tags::new(["a,b"]).map_err(|error| error.to_string());
        assert!(comma.is_err_and(|text| text.contains("`a,b`")));
        assert!(matches!(Tags::new([""]), Err(TagsError::Name(..))));
        let many: Vec<String> = (0..17).map(|n| n.to_string()).collect();
        let many = Tags::new(many.iter().map(String::as_str));
        assert_eq!(many, Err(TagsError::TooMany(17)));
    }
}
