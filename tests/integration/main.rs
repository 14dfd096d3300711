//! The real host with the real components, one promise a file.

mod kill_nine;
mod kill_nine_loses_nothing;
mod recurring_task_has_one_successor;
mod tenants_stay_apart;
