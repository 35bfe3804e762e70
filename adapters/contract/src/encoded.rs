//! Values as stores keep them: bytes that say how they were written.

use core::cell::Cell;
use core::fmt;
use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

/// How bytes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format(u8);

impl Format {
    /// JSON text in UTF-8.
    pub const JSON: Self = Self(1);
    /// Postcard, as devices write it.
    pub const POSTCARD: Self = Self(2);

    /// The format with this code; an unknown one is kept and fails when it is decoded, so that
    /// one odd row does not spoil a whole read.
    pub const fn from_code(code: u8) -> Self {
        Self(code)
    }

    /// The number kept in stores; it never changes its meaning.
    pub const fn code(self) -> u8 {
        self.0
    }
}

/// A value as bytes, with its format and the version of its shape.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Encoded {
    /// How the bytes are to be read.
    pub format: Format,
    /// The version of the value's shape, from 1.
    pub version: u16,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

impl Encoded {
    /// A value as JSON.
    ///
    /// # Errors
    /// If the value refuses to be serialised, or is a map with keys that are not texts.
    pub fn json<T: Serialize + ?Sized>(version: u16, value: &T) -> Result<Self, CodingError> {
        // Taken and not borrowed: a value may encode others while it is being serialised.
        let mut text = TEXT.take();
        let written = serde_json::to_writer(&mut text, value);
        let bytes = Arc::from(text.as_slice());
        text.clear();
        if text.capacity() <= TEXT_KEPT {
            TEXT.set(text);
        }
        written.map_err(|error| CodingError(error.to_string()))?;
        Ok(Self { format: Format::JSON, version, bytes })
    }

    /// The value, if the bytes are JSON of at most this version.
    ///
    /// # Errors
    /// If the format is another, the version is newer, or the text does not fit the type.
    pub fn from_json<T: DeserializeOwned>(&self, version: u16) -> Result<T, CodingError> {
        if self.format != Format::JSON {
            let code = self.format.code();
            return Err(CodingError(format!("format {code} is not JSON ({})", Format::JSON.0)));
        }
        if self.version > version {
            let found = self.version;
            return Err(CodingError(format!(
                "version {found} is newer than {version}, the newest that this program reads \
                 (update this program)"
            )));
        }
        serde_json::from_slice(&self.bytes).map_err(|e| CodingError(e.to_string()))
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match core::str::from_utf8(&self.bytes) {
            Ok(text) => write!(f, "v{} {text}", self.version),
            Err(_) => write!(f, "v{} format {} {:?}", self.version, self.format.0, self.bytes),
        }
    }
}

thread_local! {
    /// Where texts are written before their length is known: most are short, and an allocation
    /// for each would be given back at once.
    static TEXT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A text that was longer leaves nothing behind.
const TEXT_KEPT: usize = 4_096;

/// Why a value could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodingError(String);

impl fmt::Display for CodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for CodingError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_survives_to_the_last_bit() {
        for number in [276_962_982_136_008_212_452.0_f64, 0.1 + 0.2, f64::MIN_POSITIVE, 1e300] {
            let encoded = Encoded::json(1, &number).expect("numbers encode");
            assert_eq!(encoded.from_json::<f64>(1), Ok(number));
        }
    }

    #[test]
    fn values_that_refuse_and_values_within_values_leave_nothing_behind() {
        struct Outer;
        impl Serialize for Outer {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let inner = Encoded::json(1, &[1, 2]).map_err(serde::ser::Error::custom)?;
                inner.bytes.serialize(serializer)
            }
        }
        let text = |encoded: &Encoded| String::from_utf8_lossy(&encoded.bytes).into_owned();
        assert_eq!(Encoded::json(1, &Outer).map(|it| text(&it)), Ok("[91,49,44,50,93]".to_owned()));
        let no_text = std::collections::BTreeMap::from([((1, 2), "no key is a pair")]);
        assert!(Encoded::json(1, &("before", no_text)).is_err());
        assert_eq!(Encoded::json(1, &7).map(|it| text(&it)), Ok("7".to_owned()));
    }

    #[test]
    fn a_value_survives_and_a_newer_one_is_refused() {
        let encoded = Encoded::json(2, &vec![1, 2]).expect("numbers encode");
        assert_eq!(encoded.from_json::<Vec<u8>>(2), Ok(vec![1, 2]));
        assert!(encoded.from_json::<Vec<u8>>(1).is_err_and(|e| e.0.contains("version 2")));
        assert!(encoded.from_json::<String>(2).is_err());
        let postcard = Encoded { format: Format::POSTCARD, ..encoded };
        assert!(postcard.from_json::<Vec<u8>>(2).is_err_and(|e| e.0.contains("format 2")));
    }
}
