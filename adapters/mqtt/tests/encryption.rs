//! MQTT under encryption.

use mainspring_conformance::broker::encryption::{only_who_trusts_the_server_is_served, trusted};
use mainspring_mqtt::{MqttBroker, Version};
use mainspring_support::{Certificate, Mosquitto, Settings};

#[tokio::test]
async fn only_who_trusts_the_server_is_served_under_encryption() {
    let make =
        |url: &str, channel: &str| MqttBroker::new(url, channel, Version::V5).expect("an address");
    if trusted(make).await {
        return;
    }
    let certificate = Certificate::new();
    let settings = Settings::default().volatile().encrypted(&certificate);
    let server = Mosquitto::start_with(settings).await;
    let url = format!("mqtts://localhost:{}", server.port());
    let name = "only_who_trusts_the_server_is_served_under_encryption";
    only_who_trusts_the_server_is_served(make, &url, &certificate.authority(), name).await;
}
