//! Prints how stores behave under load, as ratios to bare SQL and to other people's queues in the
//! same run.

mod arguments;
mod clock;
mod floor;
mod memory;
mod ours;
mod peers;
mod server;
mod stats;
mod throughput;

use arguments::Arguments;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments = Arguments::read(std::env::args().skip(1)).unwrap_or_else(|why| panic!("{why}"));
    if arguments.wants("memory") {
        memory::run(&arguments).await;
    }
    let server = server::start().await;
    if arguments.wants("throughput") {
        throughput::run(&server, &arguments).await;
    }
}
