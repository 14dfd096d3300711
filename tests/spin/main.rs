//! The application on Spin: each service with a Dapr sidecar of its own on real PostgreSQL, Kafka and Redis, and all of it
//! as one application on SQLite. One promise a file.
//!
//! Needs what `cargo xtask build` writes below `target/spin`, daprd (`manifests/local/dapr.sh install`), and the servers with
//! their addresses in the environment as for the suite `servers`. Runs under `spin` where that is on the path, else under its
//! stand-in, and says which.

mod a_dead_letter_is_laid_aside_and_nothing_waits_for_it;
mod a_task_goes_its_way;
mod all_in_one_survives_kills;
mod cluster;
mod counters_agree_through_the_sidecar;
mod events_count_once_and_wait_out_an_outage;
mod faults;
mod faults_lose_nothing;
mod manifests_agree_with_the_application;
mod no_transaction_is_left_open;
mod only_the_sidecar_is_obeyed;
mod secret_store;
mod the_clock_ticks_once;
