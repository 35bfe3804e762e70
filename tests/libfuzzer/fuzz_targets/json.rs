//! The target `json`.

#![no_main]

mainspring_libfuzzer::fuzz!("json");
