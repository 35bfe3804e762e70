//! The scenario on a Cortex-M4 that QEMU emulates: it prints its lines and ends with exit status 0.
//!
//! `cargo run --release` in this folder shows it.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use embassy_executor::raw;
use mainspring_firmware_qemu::{board, end, print};
use mainspring_scenario::{Engine, Flash, Trace, play};
use static_cell::{ConstStaticCell, StaticCell};

static ENGINE: ConstStaticCell<Engine> = ConstStaticCell::new(Engine::EMPTY);
static FLASH: ConstStaticCell<Flash> = ConstStaticCell::new(Flash::erased());
static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();

#[entry]
fn main() -> ! {
    board::start_timer();
    let executor = EXECUTOR.init(raw::Executor::new(core::ptr::null_mut()));
    match story(ENGINE.take(), FLASH.take()) {
        Ok(story) => executor.spawner().spawn(story),
        Err(_) => end(false),
    }
    board::run(executor)
}

#[embassy_executor::task]
async fn story(engine: &'static mut Engine, flash: &'static mut Flash) {
    play(Trace(print), engine, flash).await;
    end(true);
}
