//! The target `calendar`.

#![no_main]

mainspring_libfuzzer::fuzz!("calendar");
