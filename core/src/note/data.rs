//! A note as data: what was noted, whether or not it is kept here.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Note;

pub(crate) fn serialize<T, N, S>(note: &N, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Serialize,
    N: Note<T>,
    S: Serializer,
{
    note.value().serialize(serializer)
}

pub(crate) fn deserialize<'de, T, N, D>(deserializer: D) -> Result<N, D::Error>
where
    T: Deserialize<'de>,
    N: Note<T>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(N::of)
}
