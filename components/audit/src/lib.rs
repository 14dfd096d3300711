//! audit
struct Audit;
dayloom_kit::component!("audit", Audit, super::routes, [storage keyvalue config outgoing_http]);
dayloom_kit::handler!(Audit, handle);
fn routes() -> axum::Router { dayloom_kit::with_health(axum::Router::new().route("/x", axum::routing::get(|p: dayloom_kit::Principal| async move { p.user_id })), || Ok(())) }
fn handle(d: Vec<dayloom_kit::consume::Delivery>) -> Vec<dayloom_kit::consume::Outcome> { dayloom_kit::consume::in_few_commits(&d, |_| Ok(Default::default())) }
