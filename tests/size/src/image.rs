//! The measured programs: building them, and what the linker made of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::read::elf::ElfFile32;
use object::{Endianness, Object as _, ObjectSection as _, ObjectSymbol as _, SectionFlags, elf};

/// The machines of the bars in DESIGN.md: one that cannot divide, and one that can.
pub(crate) const TARGETS: &[&str] = &["thumbv6m-none-eabi", "thumbv7em-none-eabihf"];

/// A program that is measured.
pub(crate) struct Kind {
    /// Its file in `firmware/src/bin`.
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// The bar of DESIGN.md for flash and RAM on a thumbv6m, if it has one.
    pub(crate) bar: Option<(u64, u64)>,
}

/// The first is what the others are compared with.
pub(crate) const IMAGES: &[Kind] = &[
    Kind { name: "empty", about: "start-up and exit", bar: None },
    Kind { name: "interval", about: "interval trigger", bar: None },
    Kind { name: "cron", about: "cron and POSIX zone, compiled in", bar: None },
    Kind { name: "cron-text", about: "cron and POSIX zone, read on the device", bar: None },
    Kind { name: "engine-full", about: "engine with every policy", bar: None },
    Kind { name: "engine-interval", about: "plain engine, intervals only", bar: None },
    Kind {
        name: "engine",
        about: "plain engine: 32 schedules, 16 jobs",
        bar: Some((16 * 1024, 4 * 1024)),
    },
    Kind { name: "firmware-full", about: "whole firmware with every policy", bar: None },
    Kind { name: "firmware-flash", about: "whole plain firmware with a journal", bar: None },
    Kind { name: "firmware-cursors", about: "whole plain firmware that keeps cursors", bar: None },
    Kind { name: "firmware-interval", about: "whole plain firmware, intervals only", bar: None },
    Kind {
        name: "firmware",
        about: "whole plain firmware: 32 schedules, 16 jobs",
        bar: Some((40 * 1024, 8 * 1024)),
    },
];

/// The package that a program belongs to: what has an executor and a timer, or what has not.
fn package(name: &str) -> &'static str {
    if name.starts_with("firmware") { "mainspring-size-whole" } else { "mainspring-size-firmware" }
}

/// Bytes that a program takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// Code, constants and the initial values of variables.
    pub(crate) flash: u64,
    /// Variables, with an initial value or zero.
    pub(crate) statics: u64,
    /// How deep the stack went, if somebody looked.
    pub(crate) stack: Option<u64>,
}

impl Taken {
    pub(crate) fn over(&self, other: &Self) -> Self {
        let stack = self.stack.zip(other.stack).map(|(a, b)| a.saturating_sub(b));
        Self {
            flash: self.flash.saturating_sub(other.flash),
            statics: self.statics.saturating_sub(other.statics),
            stack,
        }
    }

    pub(crate) fn ram(&self) -> Option<u64> {
        self.stack.map(|stack| self.statics + stack)
    }
}

/// A program that was built.
pub(crate) struct Image {
    pub(crate) path: PathBuf,
    bytes: Vec<u8>,
}

impl Image {
    /// # Errors
    /// If it does not build; cargo has said why.
    pub(crate) fn build(target: &str, name: &str) -> Result<Self, String> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = target_folder()?;
        let status = Command::new("cargo")
            .args(["build", "--quiet", "--package", package(name)])
            .args(["--profile", "firmware", "--target", target, "--bin", name])
            .arg("--target-dir")
            .arg(&folder)
            .current_dir(here)
            .status()
            .map_err(|error| format!("cargo could not be run: {error}"))?;
        if !status.success() {
            return Err(format!("`{name}` does not build for {target}"));
        }
        let path = folder.join(target).join("firmware").join(name);
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { path, bytes })
    }

    /// What it takes, but for its stack.
    pub(crate) fn taken(&self) -> Result<Taken, String> {
        let mut taken = Taken { flash: 0, statics: 0, stack: None };
        for section in self.elf()?.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else { continue };
            let has = |flag: u32| sh_flags & u64::from(flag) != 0;
            if !has(elf::SHF_ALLOC) {
                continue;
            }
            if has(elf::SHF_WRITE) {
                taken.statics += section.size();
            }
            // Only what is zero at the start is not in flash.
            if section.file_range().is_some_and(|(_, size)| size > 0) {
                taken.flash += section.size();
            }
        }
        Ok(taken)
    }

    /// Sizes and names, the largest first.
    pub(crate) fn symbols(&self) -> Result<Vec<(u64, String)>, String> {
        let mut symbols: Vec<(u64, String)> = self
            .elf()?
            .symbols()
            .filter(|symbol| symbol.size() > 0)
            .filter_map(|symbol| Some((symbol.size(), symbol.name().ok()?)))
            .map(|(size, name)| (size, format!("{:#}", rustc_demangle::demangle(name))))
            .collect();
        symbols.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        Ok(symbols)
    }

    /// Bytes of code by the source file that they were written in, wherever they were inlined. What
    /// comes from a library belongs to whoever called it, as far as it was inlined there.
    pub(crate) fn files(&self) -> Result<Vec<(u64, String)>, String> {
        let unread = |error: &dyn std::fmt::Display| format!("{}: {error}", self.path.display());
        let elf = self.elf()?;
        let lines = addr2line::Loader::new(&self.path).map_err(|error| unread(&error))?;
        let Some(text) = elf.section_by_name(".text") else { return Ok(Vec::new()) };
        let mut files: BTreeMap<String, u64> = BTreeMap::new();
        let end = text.address() + text.size();
        let mut at = text.address();
        // No instruction is shorter than two bytes.
        while at < end {
            // From what was inlined last to the function that it ended up in.
            let mut frames = lines.find_frames(at).map_err(|error| unread(&error))?;
            let mut place = None;
            while let Some(frame) = frames.next().map_err(|error| unread(&error))? {
                let Some(file) = frame.location.and_then(|location| location.file) else {
                    continue;
                };
                if is_ours(file) {
                    place = Some(short(file));
                    break;
                }
                place.get_or_insert_with(|| short(file));
            }
            *files.entry(place.unwrap_or_else(|| "(no source)".to_owned())).or_default() += 2;
            at += 2;
        }
        let mut files: Vec<(u64, String)> = files.into_iter().map(|(f, size)| (size, f)).collect();
        files.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        Ok(files)
    }

    fn elf(&self) -> Result<ElfFile32<'_, Endianness>, String> {
        ElfFile32::parse(&*self.bytes).map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

/// Whether a source file belongs to this repository.
fn is_ours(file: &str) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.is_some_and(|root| Path::new(file).starts_with(root))
}

/// The part of a source path that tells it from others: within this repository, or from the
/// crate's folder on.
fn short(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    if let Some(inside) = root.and_then(|root| Path::new(file).strip_prefix(root).ok()) {
        return inside.display().to_string();
    }
    let parts: Vec<&str> = file.split('/').collect();
    let source = parts.iter().rposition(|part| *part == "src").unwrap_or(0);
    format!("…/{}", parts[source.saturating_sub(1)..].join("/"))
}

/// The target folder that this program lies in, so that it is built beside it.
pub(crate) fn target_folder() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| format!("where am I: {error}"))?;
    let folder = program.ancestors().nth(2);
    folder.map(Path::to_owned).ok_or_else(|| format!("{} lies nowhere", program.display()))
}
