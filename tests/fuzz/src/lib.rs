//! What is fuzzed, and how inputs are made; shared by the fuzzer of the gate and libFuzzer.

mod laws;
mod mutate;
mod target;

pub use mutate::Random;
pub use target::{TARGETS, Target};

#[cfg(test)]
mod tests {
    use super::TARGETS;

    #[test]
    fn every_target_has_its_program_under_libfuzzer() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../libfuzzer/fuzz_targets");
        let files = std::fs::read_dir(folder).unwrap();
        let mut programs: Vec<String> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        programs.sort();
        let mut expected: Vec<String> =
            TARGETS.iter().map(|target| format!("{}.rs", target.name)).collect();
        expected.sort();
        assert_eq!(programs, expected);
    }
}
