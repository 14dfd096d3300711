//! What the interface promises: one gateway by itself.

use std::sync::Arc;

use dayloom_ports::conformance::broadcast::Stage;
use dayloom_realtime_gateway::{Gateway, GatewayConfig, conformance::Gateways};

async fn open() -> ((), Arc<dyn Stage>) {
    let gateway = Gateway::new(GatewayConfig::default());
    ((), Arc::new(Gateways::serve([gateway]).await))
}

dayloom_ports::broadcast_conformance!(open);
