//! Codes of the columns that stand for words.

use mainspring_contract::store::Place;

/// The number of a place in the column `state`.
pub const fn place_code(place: Place) -> i64 {
    match place {
        Place::Waiting => 0,
        Place::Leased => 1,
        Place::Held => 2,
    }
}
