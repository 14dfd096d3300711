//! What every provider of an interface does alike, as tests: one suite, run over each of them.
//!
//! A provider's test calls [`storage_conformance!`](crate::storage_conformance),
//! [`job_store_conformance!`](crate::job_store_conformance), [`keyvalue_conformance!`](crate::keyvalue_conformance),
//! [`broadcast_conformance!`](crate::broadcast_conformance) or [`delivery_conformance!`](crate::delivery_conformance) with
//! a function that opens a fresh instance. Each case is a test of its own, named as its promise.

pub mod broadcast;
pub mod delivery;
pub mod delivery_fixture;
pub mod fixture;
pub mod jobs;
pub mod keyvalue;
pub mod storage;
pub mod storage_events;
pub mod storage_limits;
pub mod storage_sql;

/// Makes one test of each storage case.
///
/// `$open` is an `async fn() -> (guard, Arc<dyn Storage>)`: a fresh, empty store with the migration, grants and topics of
/// [`fixture`]; the guard is dropped after the test.
#[macro_export]
macro_rules! storage_conformance {
    ($open:path) => {
        $crate::conformance_cases! { $open => storage:
            values_come_back_as_they_were,
            a_query_sees_what_was_committed,
            parameters_are_numbered_and_may_repeat_their_order,
            returning_rows_come_back_in_order,
            a_unique_violation_is_a_conflict_with_its_statement,
            an_expected_count_is_held,
            a_conflict_leaves_nothing_behind,
            a_conflict_does_not_disturb_others,
            an_empty_commit_succeeds,
            ready_says_so,
        }
        $crate::conformance_cases! { $open => storage_events:
            an_event_id_is_taken_once,
            a_rolled_back_event_frees_its_id,
            only_granted_types_are_published,
            a_type_no_topic_carries_is_invalid,
            an_event_id_is_a_uuid,
            a_key_has_one_to_128_bytes,
        }
        $crate::conformance_cases! { $open => storage_limits:
            rows_at_the_limit_and_one_past_it,
            bytes_of_rows_past_the_limit,
            statements_at_the_limit_and_one_past_it,
            events_at_the_limit_and_one_past_it,
            bytes_of_a_commit_at_the_limit_and_one_past_it,
            an_event_body_at_the_limit_and_one_past_it,
            parameters_at_the_limit_and_one_past_it,
        }
        $crate::conformance_cases! { $open => storage_sql:
            a_query_does_not_write,
            only_granted_tables_are_read_and_written,
            a_component_without_a_grant_has_no_storage,
            anything_but_rows_is_refused,
            one_text_is_one_statement,
            parameters_match_the_text,
            reals_are_finite,
        }
    };
}

/// Makes one test of each timer store case.
///
/// `$open` is an `async fn() -> (guard, Arc<dyn JobStore>)`: a fresh, empty store.
#[macro_export]
macro_rules! job_store_conformance {
    ($open:path) => {
        $crate::conformance_cases! { $open => jobs:
            due_jobs_come_earliest_first,
            a_job_of_the_same_name_is_replaced,
            names_belong_to_their_component,
            removing_is_idempotent,
            a_job_that_ran_is_gone,
            a_job_replaced_while_it_ran_stays,
            a_failed_job_comes_again_with_one_attempt_more,
            a_later_tick_is_claimed,
        }
    };
}

/// Makes one test of each event delivery case.
///
/// `$open` is an `async fn() -> (guard, Arc<dyn Channel>)`: fresh topics, nobody listening yet. See
/// [`delivery_fixture::Channel`].
#[macro_export]
macro_rules! delivery_conformance {
    ($open:path) => {
        $crate::conformance_cases! { $open => delivery:
            a_key_s_events_come_in_order,
            a_call_takes_at_most_a_batch,
            only_wanted_types_are_handed_over,
            a_retried_event_comes_again_before_later_ones_of_its_key,
            a_rejected_event_is_a_dead_letter_and_holds_nobody_up,
            the_last_attempt_ends_in_a_dead_letter,
            one_subscriber_s_failure_does_not_touch_another,
            progress_outlives_stop_and_start,
            what_was_not_done_comes_again_after_a_start,
            any_body_reaches_the_handler_as_it_is,
        }
    };
}

/// Makes one test of each key-value case.
///
/// `$open` is an `async fn() -> (guard, Arc<dyn KeyValue>)`: a fresh, empty store.
#[macro_export]
macro_rules! keyvalue_conformance {
    ($open:path) => {
        $crate::conformance_cases! { $open => keyvalue:
            what_is_set_is_read_in_its_bucket_only,
            names_never_meet,
            a_value_is_any_bytes,
            concurrent_increments_each_count,
            an_increment_needs_a_number_that_fits,
            a_swap_happens_only_from_the_value_that_was_seen,
            one_of_many_swaps_wins,
            keys_are_listed_in_order_a_page_at_a_time,
            keys_and_values_have_limits,
            ready_says_so,
        }
    };
}

/// Makes one test of each broadcast case.
///
/// `$open` is an `async fn() -> (guard, Arc<dyn Stage>)`: gateways without connections or messages; see
/// [`Stage`](crate::conformance::broadcast::Stage).
#[macro_export]
macro_rules! broadcast_conformance {
    ($open:path) => {
        $crate::conformance_cases! { $open => broadcast:
            messages_reach_every_connection_of_their_user_and_no_other,
            a_users_messages_keep_their_order,
            a_repeated_event_arrives_once,
            who_was_away_resumes_on_any_gateway,
            who_missed_nothing_is_told_nothing,
            an_unknown_id_means_reload,
            a_batch_is_taken_whole_or_not_at_all,
            limits_are_kept,
            ready_says_so,
        }
    };
}

/// One test of each named case of a module; what the macros above are made of.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ($open:path => $module:ident: $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                let (_guard, provider) = $open().await;
                $crate::conformance::$module::$case(&*provider).await;
            }
        )+
    };
}
