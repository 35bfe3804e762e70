//! NATS under encryption.

use mainspring_conformance::broker::encryption::{only_who_trusts_the_server_is_served, trusted};
use mainspring_nats::NatsBroker;
use mainspring_support::{Certificate, Nats, Settings};

#[tokio::test]
async fn only_who_trusts_the_server_is_served_under_encryption() {
    let make = |url: &str, channel: &str| NatsBroker::new(url, channel).expect("an address");
    if trusted(make).await {
        return;
    }
    let certificate = Certificate::new();
    let settings = Settings::default().volatile().encrypted(&certificate);
    let server = Nats::start_with(settings).await;
    let url = format!("tls://localhost:{}", server.port());
    let name = "only_who_trusts_the_server_is_served_under_encryption";
    only_who_trusts_the_server_is_served(make, &url, &certificate.authority(), name).await;
}
