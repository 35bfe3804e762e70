//! The targets of mainspring-fuzz under LLVM's libFuzzer, which looks at coverage.
//!
//! ```text
//! cargo libfuzzer cron -- -max_total_time=300 -timeout=5 [CORPUS]
//! cargo libfuzzer cron -- crash-…
//! ```
//! runs a target from the root of the repository, or one input again. It works on the stable
//! toolchain and needs a C++ compiler; CORPUS is a folder in which inputs that reach something new
//! are kept. Whoever has cargo-fuzz says
//! `cargo fuzz run --fuzz-dir tests/libfuzzer --sanitizer none cron`.
//!
//! Inputs, words and laws are those of the gate's fuzzer. Half of the changes are libFuzzer's own.

pub use libfuzzer_sys;
use mainspring_fuzz::{Random, Target};

/// Makes the program of a target.
#[macro_export]
macro_rules! fuzz {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(|input: &[u8]| $crate::run($name, input));
        $crate::libfuzzer_sys::fuzz_mutator!(|input: &mut [u8],
                                              size: usize,
                                              most: usize,
                                              seed: u32| {
            $crate::change($name, input, (size, most), seed)
        });
    };
}

fn target(name: &str) -> &'static Target {
    Target::named(name).expect("each program is named after a target")
}

/// # Panics
/// If a law is broken, which is how libFuzzer is told.
pub fn run(name: &str, input: &[u8]) {
    if let Err(broken) = (target(name).run)(input) {
        panic!("{broken}");
    }
}

/// Changes the first bytes of `input`, and says how many are left of at most so many.
pub fn change(name: &str, input: &mut [u8], (size, most): (usize, usize), seed: u32) -> usize {
    let random = &mut Random::new(seed.into(), 0);
    let changed = match random.below(8) {
        0 => target(name).input(random),
        1..4 => target(name).changed(&input[..size], random),
        _ => return libfuzzer_sys::fuzzer_mutate(input, size, most),
    };
    let size = changed.len().min(most);
    input[..size].copy_from_slice(&changed[..size]);
    size
}
