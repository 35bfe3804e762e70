//! The target `cron`.

#![no_main]

mainspring_libfuzzer::fuzz!("cron");
