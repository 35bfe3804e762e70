//! The service with actix-web.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it")]

use std::error::Error;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, ServiceConfig, delete, get, post};
use actix_web::{App, HttpResponse, HttpServer};
use mainspring::signal;
use mainspring_web::{Answer, GRACE, Service, address};

type Of = Data<Service>;

fn routes(config: &mut ServiceConfig) {
    config
        .route("/schedules", post().to(create))
        .route("/schedules", get().to(list))
        .route("/schedules/{name}", delete().to(remove))
        .route("/schedules/{name}/pause", post().to(pause))
        .route("/schedules/{name}/resume", post().to(resume))
        .route("/jobs", post().to(enqueue))
        .route("/jobs/{id}", get().to(job));
}

async fn create(service: Of, body: Bytes) -> HttpResponse {
    say(service.create(&body).await)
}

async fn list(service: Of) -> HttpResponse {
    say(service.list().await)
}

async fn remove(service: Of, name: Path<String>) -> HttpResponse {
    say(service.remove(&name).await)
}

async fn pause(service: Of, name: Path<String>) -> HttpResponse {
    say(service.pause(&name).await)
}

async fn resume(service: Of, name: Path<String>) -> HttpResponse {
    say(service.resume(&name).await)
}

async fn enqueue(service: Of, body: Bytes) -> HttpResponse {
    say(service.enqueue(&body).await)
}

async fn job(service: Of, id: Path<String>) -> HttpResponse {
    say(service.job(&id).await)
}

fn say(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).content_type("application/json").body(answer.text())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = Service::open().await?;
    let running = service.scheduler.start().await?;
    // Its handlers run on threads of its own, the scheduler's jobs on tokio's.
    let shared = Data::new(service);
    let server = HttpServer::new(move || App::new().app_data(shared.clone()).configure(routes))
        .shutdown_signal(signal::interrupt())
        .shutdown_timeout(GRACE.as_secs())
        .bind(address())?;
    for address in server.addrs() {
        println!("listening on {address}");
    }
    server.run().await?;
    println!("the server has stopped");
    // Only now: requests that were under way may have needed the scheduler.
    let stopped = running.stop_or_abort(GRACE, signal::interrupt()).await;
    println!("the scheduler has stopped; jobs left behind: {}", stopped.left);
    Ok(())
}
