//! The target `text`.

#![no_main]

mainspring_libfuzzer::fuzz!("text");
