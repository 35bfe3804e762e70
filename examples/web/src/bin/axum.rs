//! The service with axum.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it")]

use std::error::Error;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{delete, get, post};
use mainspring::signal;
use mainspring_web::{Answer, GRACE, Service, address};
use tokio::net::TcpListener;

type Of = State<Service>;

fn routes(service: Service) -> Router {
    Router::new()
        .route("/schedules", get(async |State(it): Of| say(it.list().await)).post(create))
        .route("/schedules/{name}", delete(remove))
        .route("/schedules/{name}/pause", post(pause))
        .route("/schedules/{name}/resume", post(resume))
        .route("/jobs", post(enqueue))
        .route("/jobs/{id}", get(job))
        .with_state(service)
}

async fn create(State(service): Of, body: Bytes) -> impl IntoResponse {
    say(service.create(&body).await)
}

async fn remove(State(service): Of, Path(name): Path<String>) -> impl IntoResponse {
    say(service.remove(&name).await)
}

async fn pause(State(service): Of, Path(name): Path<String>) -> impl IntoResponse {
    say(service.pause(&name).await)
}

async fn resume(State(service): Of, Path(name): Path<String>) -> impl IntoResponse {
    say(service.resume(&name).await)
}

async fn enqueue(State(service): Of, body: Bytes) -> impl IntoResponse {
    say(service.enqueue(&body).await)
}

async fn job(State(service): Of, Path(id): Path<String>) -> impl IntoResponse {
    say(service.job(&id).await)
}

fn say(answer: Answer) -> impl IntoResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], answer.text())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = Service::open().await?;
    let running = service.scheduler.start().await?;
    let listener = TcpListener::bind(address()).await?;
    println!("listening on {}", listener.local_addr()?);
    let server = axum::serve(listener, routes(service)).with_graceful_shutdown(signal::interrupt());
    // axum itself waits for slow requests as long as they take.
    let too_slow = async {
        signal::interrupt().await;
        let _ = tokio::time::timeout(GRACE, std::future::pending::<()>()).await;
    };
    tokio::select! {
        served = server => served?,
        () = too_slow => println!("gave up on slow requests"),
    }
    println!("the server has stopped");
    // Only now: requests that were under way may have needed the scheduler.
    let stopped = running.stop_or_abort(GRACE, signal::interrupt()).await;
    println!("the scheduler has stopped; jobs left behind: {}", stopped.left);
    Ok(())
}
