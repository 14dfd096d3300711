//! What the interface promises, with two gateways over one server.

use std::sync::Arc;

use dayloom_ports::conformance::broadcast::Stage;
use dayloom_realtime_gateway::conformance::Gateways;
use tokio_util::task::AbortOnDropHandle;

use crate::support::{config, gateway};

async fn open() -> (Vec<AbortOnDropHandle<()>>, Arc<dyn Stage>) {
    let config = config();
    let (one, first) = gateway(&config).await;
    let (two, second) = gateway(&config).await;
    (vec![first, second], Arc::new(Gateways::serve([one, two]).await))
}

dayloom_ports::broadcast_conformance!(open);
