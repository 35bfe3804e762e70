#![no_main]

mainspring_libfuzzer::fuzz!("calendar");
