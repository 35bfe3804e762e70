//! The board in QEMU, and its memory in a file.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

const QEMU: &str = "qemu-system-arm";

/// The PSRAM of the board.
const MEMORY: u64 = 16 << 20;

/// What the next start is for, as `firmware/src/main.rs` knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Live = 0,
    Look = 1,
    WarmUp = 2,
}

/// Words of the memory that both sides know, by their offset: see `firmware/src/cell.rs`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Word {
    Part = 0x10_0000,
    Unit = 0x10_0004,
    Stride = 0x10_0008,
    Records = 0x10_000c,
    WarmUp = 0x10_0010,
    Cuts = 0x10_001c,
    Erases = 0x10_0020,
    Starts = 0x10_0024,
    Settled = 0x1_0024,
    MadeRecords = 0x1_0030,
}

/// A board that is switched off.
pub(crate) struct Board {
    /// Holds the file of the memory as long as the board is needed.
    _folder: TempDir,
    path: PathBuf,
    memory: File,
}

impl Board {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a folder for the memory");
        let path = folder.path().join("memory");
        let memory = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|file| file.set_len(MEMORY).map(|()| file))
            .expect("a file for the memory");
        Self { _folder: folder, path, memory }
    }

    /// Says what the next start is for, and how many microseconds lie between fires.
    pub(crate) fn plan(&mut self, part: Part, unit: u32) {
        self.write(Word::Part, part as u32);
        self.write(Word::Unit, unit);
    }

    pub(crate) fn write(&mut self, word: Word, value: u32) {
        let written = self.memory.write_all_at(&value.to_le_bytes(), word as u64);
        written.expect("the file of the memory can be written");
    }

    pub(crate) fn read(&self, word: Word) -> u32 {
        let mut bytes = [0; 4];
        let read = self.memory.read_exact_at(&mut bytes, word as u64);
        read.expect("the file of the memory can be read");
        u32::from_le_bytes(bytes)
    }

    /// Runs the board until it says that it is done; what it has printed. An instruction takes 2^6
    /// ns, and time leaps where the processor sleeps.
    pub(crate) fn run(&self) -> String {
        let output = self
            .command()
            .args(["-icount", "shift=6,sleep=off"])
            .stderr(Stdio::inherit())
            .output()
            .unwrap_or_else(|error| missing(&error));
        let said = said(&output);
        assert!(output.status.success(), "{said}({})", output.status);
        said
    }

    /// Switches the board on, in real time.
    pub(crate) fn start(&self) -> Life {
        let child = self.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Life(Some(child.unwrap_or_else(|error| missing(&error))))
    }

    fn command(&self) -> Command {
        let file = self.path.display();
        let mut command = Command::new(QEMU);
        command
            .args(["-nographic", "-monitor", "none", "-serial", "none"])
            .arg("-object")
            .arg(format!("memory-backend-file,id=psram,size={MEMORY},mem-path={file},share=on"))
            .args(["-M", "mps2-an386,memory-backend=psram"])
            .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
            .arg(firmware())
            .stdin(Stdio::null());
        command
    }
}

/// A board that is switched on.
pub(crate) struct Life(Option<Child>);

impl Life {
    /// # Panics
    /// With what it has printed, if the board has ended by itself: it found that something is
    /// wrong.
    pub(crate) fn must_live(&mut self) {
        let Some(child) = &mut self.0 else { return };
        let ended = child.try_wait().expect("a child of ours");
        if ended.is_some() {
            let child = self.0.take().expect("it was there a moment ago");
            let output = child.wait_with_output().expect("a child of ours");
            panic!("{} ({})", said(&output), output.status);
        }
    }

    /// Takes its power away: SIGKILL.
    pub(crate) fn kill(mut self) {
        self.must_live();
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // One that has ended by itself is no less dead.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn said(output: &Output) -> String {
    let (out, error) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(error))
}

fn missing(error: &std::io::Error) -> ! {
    panic!("`{QEMU}`: {error} (run: apt-get install --no-install-recommends {QEMU})")
}

/// Builds the firmware once, and says where it lies.
fn firmware() -> &'static Path {
    static FIRMWARE: OnceLock<PathBuf> = OnceLock::new();
    FIRMWARE.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--release", "--message-format", "json-render-diagnostics"])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("firmware"))
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo runs");
        assert!(built.status.success(), "the firmware builds");
        let messages = String::from_utf8_lossy(&built.stdout);
        let path =
            messages.split("\"executable\":\"").nth(1).and_then(|rest| rest.split('"').next());
        PathBuf::from(path.expect("cargo says where the firmware lies"))
    })
}
