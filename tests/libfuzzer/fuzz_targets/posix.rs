//! The target `posix`.

#![no_main]

mainspring_libfuzzer::fuzz!("posix");
