//! The whole application on real PostgreSQL, Kafka and Redis, one promise a file.
//!
//! Needs the servers and their addresses: `cargo xtask servers up`, and in the environment what a failing test asks for.

mod a_check_says_what_it_finds;
mod a_partial_host_asks_the_others;
mod a_poisoned_event_is_a_dead_letter_and_can_be_replayed;
mod a_stopped_consumer_works_off_what_waited;
mod behind_a_reverse_proxy;
mod data_moves_to_servers_and_back;
mod faults;
mod faults_lose_nothing;
mod kafka_with_tls_and_a_login;
mod live_connections_are_held_beside_the_application;
mod live_messages_cross_hosts;
mod writes_are_refused_politely_without_postgresql;
