//! `cargo size`: how much flash, RAM and how many instructions the engine takes on a
//! microcontroller.
//!
//! It builds the programs of `firmware/` for two machines, reads what the linker made of them, and
//! lets QEMU run them: to see how deep the stack goes, and to count instructions. Both are exact
//! and the same on every machine with the same compiler. `kept.txt` holds the reviewed numbers.

mod board;
mod image;
mod kept;
mod table;

use std::process::ExitCode;

use board::Board;
use image::{IMAGES, Image, TARGETS};
use kept::Measured;

const USAGE: &str = "\
Measures what the engine takes on a microcontroller.

Usage: cargo size                  flash and RAM of each program
       cargo size --count          and instructions
       cargo size --check          and compares all of it with tests/size/kept.txt
       cargo size --update         and writes it there
       cargo size --records        bytes of each record and machine
       cargo size --symbols IMAGE  the largest symbols of a program
       cargo size --files IMAGE    how many bytes of code come from which source file

RAM is static data and the deepest stack of a run. What runs needs QEMU:
       apt-get install --no-install-recommends qemu-system-arm";

/// What the command line asks for.
enum Wish {
    Help,
    Sizes,
    Counts,
    Check,
    Update,
    Records,
    Symbols(&'static str),
    Files(&'static str),
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match wish(&args).and_then(|wish| grant(&wish)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("size: {message}");
            ExitCode::FAILURE
        }
    }
}

/// # Errors
/// One line about what is not understood.
fn wish(args: &[String]) -> Result<Wish, String> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        [] => Ok(Wish::Sizes),
        ["--help" | "-h"] => Ok(Wish::Help),
        ["--count"] => Ok(Wish::Counts),
        ["--check"] => Ok(Wish::Check),
        ["--update"] => Ok(Wish::Update),
        ["--records"] => Ok(Wish::Records),
        ["--symbols", name] => Ok(Wish::Symbols(image(name)?)),
        ["--files", name] => Ok(Wish::Files(image(name)?)),
        _ => Err(format!("cannot read `{}` (see `cargo size --help`)", words.join(" "))),
    }
}

fn image(name: &str) -> Result<&'static str, String> {
    let names = IMAGES.iter().map(|image| image.name);
    names.clone().find(|known| *known == name).ok_or_else(|| {
        format!("no program `{name}` (there are: {})", names.collect::<Vec<_>>().join(", "))
    })
}

fn grant(wish: &Wish) -> Result<(), String> {
    let board = Board::find();
    let mut measured = Measured::default();
    match wish {
        Wish::Help => println!("{USAGE}"),
        Wish::Sizes => {
            sizes(board.as_ref(), &mut measured)?;
            if board.is_none() {
                println!("{}", board::MISSING);
            }
        }
        Wish::Counts | Wish::Check | Wish::Update => {
            let board = board.ok_or(board::MISSING)?;
            sizes(Some(&board), &mut measured)?;
            counts(&board, &mut measured)?;
            match wish {
                Wish::Check => kept::check(&measured)?,
                Wish::Update => kept::update(&measured)?,
                _ => {}
            }
        }
        Wish::Records => {
            let board = board.ok_or(board::MISSING)?;
            table::records(&board.counts(&Image::build(TARGETS[0], "records")?)?);
        }
        Wish::Symbols(name) => {
            for target in TARGETS {
                table::symbols(target, name, &Image::build(target, name)?.symbols()?);
            }
        }
        Wish::Files(name) => {
            for target in TARGETS {
                table::files(target, name, &Image::build(target, name)?.files()?);
            }
        }
    }
    Ok(())
}

/// Builds every program and shows what it takes, and how much more that is than the empty one.
fn sizes(board: Option<&Board>, measured: &mut Measured) -> Result<(), String> {
    for target in TARGETS {
        table::heading(target);
        let mut empty = None;
        for kind in IMAGES {
            let image = Image::build(target, kind.name)?;
            let mut taken = image.taken()?;
            taken.stack = board.map(|board| board.stack(&image, &taken)).transpose()?;
            let empty = *empty.get_or_insert(taken);
            table::row(kind, &taken, &empty);
            if kind.name == IMAGES[0].name {
                continue;
            }
            let over = taken.over(&empty);
            measured.add(target, &format!("{} flash", kind.name), over.flash);
            if let Some(ram) = over.ram() {
                measured.add(target, &format!("{} RAM", kind.name), ram);
            }
        }
        println!();
    }
    Ok(())
}

fn counts(board: &Board, measured: &mut Measured) -> Result<(), String> {
    let mut columns = Vec::new();
    for target in TARGETS {
        let lines = board.counts(&Image::build(target, "count")?)?;
        lines.iter().for_each(|(label, count)| measured.add(target, label, *count));
        columns.push(lines);
    }
    table::counts(&columns)
}
