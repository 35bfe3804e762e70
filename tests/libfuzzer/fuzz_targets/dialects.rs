//! The target `dialects`.

#![no_main]

mainspring_libfuzzer::fuzz!("dialects");
