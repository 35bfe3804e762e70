//! The target `combine`.

#![no_main]

mainspring_libfuzzer::fuzz!("combine");
