//! The board that QEMU emulates: an `mps2-an386`, whose processor runs both instruction sets.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::image::{Image, Taken, target_folder};

pub(crate) const MISSING: &str = "stacks and instructions were not measured: `qemu-system-arm` is \
    missing (run: apt-get install --no-install-recommends qemu-system-arm)";

/// QEMU, as it was found.
pub(crate) struct Board {
    /// What the board's PSRAM is kept in: it holds the programs' variables and stack.
    memory: PathBuf,
}

impl Board {
    /// `None` if QEMU is not installed.
    pub(crate) fn find() -> Option<Self> {
        let quiet = || Stdio::null();
        let mut qemu = Command::new(QEMU);
        let status = qemu.arg("--version").stdout(quiet()).stderr(quiet()).status().ok()?;
        let memory = target_folder().ok()?.join("mainspring-size-memory.bin");
        status.success().then_some(Self { memory })
    }

    /// Runs a program in painted memory; the deepest spot where the paint is gone is how far its
    /// stack went.
    pub(crate) fn stack(&self, image: &Image, taken: &Taken) -> Result<u64, String> {
        self.run(image)?;
        let memory = fs::read(&self.memory).map_err(|error| self.unusable(&error))?;
        let memory = memory.get(..RAM).unwrap_or_default();
        let statics = usize::try_from(taken.statics).unwrap_or(usize::MAX);
        // Sections may have a gap of a few bytes between them, and padding after them.
        let start = (statics + 64).min(memory.len());
        let painted = memory[start..].iter().take_while(|byte| **byte == PAINT).count();
        if painted < 64 {
            return Err(format!("the stack of {} meets its variables", image.path.display()));
        }
        let reached = start + painted;
        Ok((RAM - reached / 4 * 4) as u64)
    }

    /// Runs the program that counts: its labels with their numbers.
    pub(crate) fn counts(&self, image: &Image) -> Result<Vec<(String, u64)>, String> {
        let printed = self.run(image)?;
        let counts: Vec<(String, u64)> = printed
            .lines()
            .filter_map(|line| {
                let (label, number) = line.rsplit_once(": ")?;
                Some((label.to_owned(), number.parse().ok()?))
            })
            .collect();
        if counts.is_empty() { Err("the board counted nothing".to_owned()) } else { Ok(counts) }
    }

    /// What a program prints.
    ///
    /// # Errors
    /// If it says itself that it failed, or cannot run.
    fn run(&self, image: &Image) -> Result<String, String> {
        let mut memory = vec![0; MEMORY];
        memory[..RAM].fill(PAINT);
        fs::write(&self.memory, memory).map_err(|error| self.unusable(&error))?;
        let file = self.memory.display();
        let output = Command::new(QEMU)
            .args(["-nographic", "-monitor", "none", "-serial", "none"])
            // An instruction takes 2^6 ns, and time jumps where the processor sleeps.
            .args(["-icount", "shift=6,sleep=off"])
            .arg("-object")
            .arg(format!("memory-backend-file,id=psram,size={MEMORY},mem-path={file},share=on"))
            .args(["-M", "mps2-an386,memory-backend=psram"])
            .args(["-semihosting-config", "enable=on,target=native"])
            .arg("-kernel")
            .arg(&image.path)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("`{QEMU}` could not be run: {error}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(format!("{} failed on the board ({}) {said}", image.path.display(), output.status))
    }

    fn unusable(&self, error: &std::io::Error) -> String {
        format!("{}: {error}", self.memory.display())
    }
}

const QEMU: &str = "qemu-system-arm";

/// The board's PSRAM.
const MEMORY: usize = 16 << 20;

/// How much of it the programs have, as `firmware/memory.x` says.
const RAM: usize = 64 << 10;

/// What unused memory is filled with: no address, no small number.
const PAINT: u8 = 0xa5;
