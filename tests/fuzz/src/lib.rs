//! What is fuzzed, and how inputs are made; shared by the fuzzer of the gate and libFuzzer.

mod laws;
mod mutate;
mod target;

pub use mutate::Random;
pub use target::{TARGETS, Target};
