//! The steps of the gate, in the order in which they fail soonest.

use std::path::PathBuf;

use crate::call::Call;
use crate::package;
use crate::tally::{Runner, Tally};
use crate::toolchain::Toolchain;

/// A step that can be run by its name.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn(&mut Gate) -> Result<(), String>,
}

/// What `cargo verify` runs.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "prerequisites",
        about: "add what the pinned toolchain and this machine lack",
        run: prerequisites,
    },
    Step { name: "fmt", about: "every file is formatted", run: fmt },
    Step { name: "clippy", about: "no warning in any target of any member", run: clippy },
    Step { name: "clippy-core", about: "no warning in core with each feature alone", run: core },
    Step { name: "doc", about: "the documentation builds without a warning", run: doc },
    Step { name: "test", about: "unit, integration and conformance tests", run: test },
    Step { name: "test-core", about: "the tests of core with every feature", run: test_core },
    Step { name: "fuzz", about: "twenty seconds of random input", run: fuzz },
    Step { name: "simulation", about: "ten thousand simulated clusters", run: simulation },
    Step { name: "doctest", about: "the examples in the documentation", run: doctest },
    Step { name: "no-std", about: "core and device build for machines without std", run: no_std },
    Step {
        name: "firmware",
        about: "firmware for boards that people own builds, without a warning",
        run: firmware,
    },
    Step { name: "size", about: "a device takes no more than was reviewed", run: size },
];

/// Machines without std, one for each instruction set that core must fit.
const BARE_TARGETS: &[&str] = &["thumbv6m-none-eabi", "riscv32imc-unknown-none-elf"];

/// Boards with firmware of their own under `examples/firmware`.
const BOARDS: &[&str] = &[EMULATED, "rp2040", "nrf52840", "esp32c3"];

const EMULATED: &str = "qemu";

/// Where the gate runs, and what it counted so far.
pub(crate) struct Gate {
    root: PathBuf,
    toolchain: Toolchain,
    pub(crate) tally: Tally,
}

impl Gate {
    /// # Errors
    /// If the toolchain is not pinned under `root`.
    pub(crate) fn new(root: PathBuf) -> Result<Self, String> {
        let toolchain = Toolchain::pinned(&root)?;
        Ok(Self { root, toolchain, tally: Tally::default() })
    }

    fn run(&self, call: Call) -> Result<(), String> {
        self.prepared(call).run(&self.root)
    }

    /// Runs tests and adds up what they report.
    fn count(&mut self, runner: Runner, call: Call) -> Result<(), String> {
        let call = self.prepared(call);
        let (result, output) = call.run_keeping(&self.root);
        let tally = Tally::read(runner, &output);
        self.tally += tally.unwrap_or_default();
        result?;
        match tally {
            None => Err(format!("`{call}` reported no tests")),
            Some(Tally { failed: 0, .. }) => Ok(()),
            Some(_) => Err(format!("`{call}` succeeded although tests failed")),
        }
    }

    /// Whatever toolchain started the gate, the pinned one is judged. Incremental compilation is
    /// only worth its disk space where the next build follows on this machine.
    fn prepared(&self, mut call: Call) -> Call {
        let set = |name| std::env::var(name).unwrap_or_default();
        if !set("RUSTUP_TOOLCHAIN").starts_with(self.toolchain.channel()) {
            call = call.env("RUSTUP_TOOLCHAIN", self.toolchain.channel());
        }
        if set("CI") == "true" && set("CARGO_INCREMENTAL").is_empty() {
            call = call.env("CARGO_INCREMENTAL", "0");
        }
        call
    }
}

fn prerequisites(gate: &mut Gate) -> Result<(), String> {
    gate.toolchain.complete(&gate.root)?;
    package::complete(&gate.root)
}

fn fmt(gate: &mut Gate) -> Result<(), String> {
    gate.run(Call::cargo("fmt --all --check"))
}

fn clippy(gate: &mut Gate) -> Result<(), String> {
    gate.run(Call::cargo("clippy --workspace --all-targets -- -D warnings"))
}

/// Features unify across a workspace, so that only core built alone shows what a feature lacks.
fn core(gate: &mut Gate) -> Result<(), String> {
    let path = gate.root.join("core/Cargo.toml");
    let manifest = std::fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let alone = "clippy --package mainspring-core --all-targets --no-default-features";
    gate.run(Call::cargo(&format!("{alone} -- -D warnings")))?;
    for feature in features(&manifest) {
        gate.run(Call::cargo(&format!("{alone} --features {feature} -- -D warnings")))?;
    }
    Ok(())
}

fn doc(gate: &mut Gate) -> Result<(), String> {
    gate.run(Call::cargo("doc --workspace --no-deps").env("RUSTDOCFLAGS", "-D warnings"))
}

/// nextest runs each test in a process of its own and all of them at once; where it is missing,
/// cargo runs the same targets.
fn test(gate: &mut Gate) -> Result<(), String> {
    let nextest = gate.prepared(Call::cargo("nextest --version"));
    if nextest.answer(&gate.root).is_some() {
        gate.count(Runner::Nextest, Call::cargo("nextest run --workspace --no-fail-fast"))
    } else {
        gate.count(Runner::Harness, Call::cargo("test --workspace --tests --no-fail-fast"))
    }
}

/// What core can do only with features that nobody else in the workspace asks for.
fn test_core(gate: &mut Gate) -> Result<(), String> {
    let features = "--package mainspring-core --features alloc,chrono,rand_core,serde";
    let nextest = gate.prepared(Call::cargo("nextest --version"));
    if nextest.answer(&gate.root).is_some() {
        gate.count(Runner::Nextest, Call::cargo(&format!("nextest run {features}")))
    } else {
        gate.count(Runner::Harness, Call::cargo(&format!("test {features} --tests")))
    }
}

fn doctest(gate: &mut Gate) -> Result<(), String> {
    gate.count(Runner::Harness, Call::cargo("test --workspace --doc --no-fail-fast"))
}

/// The seed is fixed, so that the gate judges the change and not the dice; without `--seed` the
/// program draws a new one.
fn fuzz(gate: &mut Gate) -> Result<(), String> {
    gate.run(Call::cargo("run --quiet --package mainspring-fuzz -- --seed 1 --seconds 20"))
}

fn simulation(gate: &mut Gate) -> Result<(), String> {
    let all =
        "run --quiet --profile simulation --package mainspring-simulation -- --seeds 0..10000";
    gate.run(Call::cargo(all))
}

fn no_std(gate: &mut Gate) -> Result<(), String> {
    let core = "build --package mainspring-core --no-default-features --target";
    let device = "build --package mainspring-embassy --features defmt,rand_core --target";
    BARE_TARGETS.iter().try_for_each(|target| {
        gate.run(Call::cargo(core).arg(target))?;
        gate.run(Call::cargo(device).arg(target))
    })
}

/// Each board is a workspace of its own, with its target and its linker's arguments in a file that
/// cargo reads in its folder only. What runs on the emulated one is built by its test.
fn firmware(gate: &mut Gate) -> Result<(), String> {
    for board in BOARDS {
        let folder = gate.root.join("examples/firmware").join(board);
        let call = |args: &str| {
            let call = gate.prepared(Call::cargo(args));
            // The parts that boards have in common are built once.
            let own = std::env::var("CARGO_TARGET_DIR").unwrap_or_default();
            if own.is_empty() {
                call.env("CARGO_TARGET_DIR", "../../../target/firmware")
            } else {
                call
            }
        };
        call("fmt --check").run(&folder)?;
        call("clippy --release --locked -- -D warnings").run(&folder)?;
        if *board != EMULATED {
            call("build --release --locked").run(&folder)?;
        }
    }
    let folder = gate.root.join("tests/size");
    gate.prepared(Call::cargo("fmt --all --check")).run(&folder)?;
    let measured = "clippy --package mainspring-size-firmware --package mainspring-size-whole \
                    --bins --profile firmware --locked --target thumbv6m-none-eabi -- -D warnings";
    gate.prepared(Call::cargo(measured)).run(&folder)
}

/// Flash, memory and instructions of the engine against `tests/size/kept.txt`.
fn size(gate: &mut Gate) -> Result<(), String> {
    gate.run(Call::cargo(
        "run --quiet --release --manifest-path tests/size/Cargo.toml --package mainspring-size -- \
         --check",
    ))
}

/// The names under `[features]` of a manifest.
fn features(manifest: &str) -> Vec<&str> {
    manifest
        .lines()
        .skip_while(|line| *line != "[features]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .filter(|name| !name.starts_with('#') && *name != "default")
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn steps_have_names_of_their_own() {
        let names: HashSet<&str> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn every_feature_of_core_is_tried_alone() {
        let manifest = "[package]\nname = \"x\"\n\n[features]\ndefault = [\"alloc\"]\n# Why = so.\n\
                        alloc = []\nserde = [\n    \"dep:serde\",\n]\n\n\
                        [dependencies]\nheapless = \"1\"\n";
        assert_eq!(features(manifest), ["alloc", "serde"]);
        assert_eq!(features("[package]\n"), [""; 0]);
    }
}
