//! The target `forms`.

#![no_main]

mainspring_libfuzzer::fuzz!("forms");
