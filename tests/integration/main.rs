//! The real host with the real components, one promise a file.

mod a_backup_holds_what_was_acknowledged;
mod an_export_becomes_the_same_application;
mod both_http_versions_are_served;
mod consumer_stopped_catches_up;
mod dead_letters_can_be_replayed;
mod health_and_metrics_tell_the_truth;
mod kill_nine_loses_nothing;
mod recurring_task_has_one_successor;
mod reminder_fires_at_its_time;
mod reminder_follows_its_task;
mod reminder_survives_a_restart;
mod start_is_refused_in_one_line;
mod stopping_cuts_nobody_off;
mod tenants_stay_apart;
mod trace_reaches_the_trail;
