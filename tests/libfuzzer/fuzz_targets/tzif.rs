//! The target `tzif`.

#![no_main]

mainspring_libfuzzer::fuzz!("tzif");
