//! Other people's queues, set up as their documentation says for throughput.

mod apalis;
mod graphile;

pub(crate) use apalis::Apalis;
pub(crate) use graphile::Graphile;
