//! The laws every store obeys, run against each of them.
//!
//! A law is a plain async function over a [`Subject`], named as a sentence. An adapter's test file
//! says how to get a store and invokes [`conformance!`], which makes a `#[tokio::test]` of each
//! law:
//!
//! ```text
//! #[derive(Default)]
//! struct Sqlite { … }
//! impl mainspring_conformance::Subject for Sqlite { … }
//! mainspring_conformance::conformance!(Sqlite);
//! ```
//!
//! No law asks which store it is talking to. What differs is a capability, and the law asserts its
//! presence or its absence. Time is whatever a law says it is ([`Clock::Fixed`]); no law waits.
//!
//! [`Clock::Fixed`]: mainspring_contract::Clock::Fixed

pub mod advance;
pub mod cancel;
pub mod claim_jobs;
pub mod claim_schedules;
pub mod durability;
pub mod enqueue;
pub mod finish;
pub mod listing;
pub mod prune;
pub mod pulse;
pub mod put;
pub mod quarantine;
pub mod remove;
pub mod renew;
pub mod rescue;
pub mod rig;
pub mod sample;
mod subject;

pub use subject::Subject;

/// Makes `conformance!` from the table of laws. The first token stands for `$`, which a macro that
/// makes a macro cannot write.
macro_rules! laws {
    ($d:tt $($family:ident { $($law:ident,)* })*) => {
        /// One `#[tokio::test]` for each law, in one module for each family. The argument names a
        /// [`Subject`] of the calling module that has a default; each test makes its own.
        #[macro_export]
        macro_rules! conformance {
            ($d subject:ident) => {
                $(
                    mod $family {
                        $(
                            #[tokio::test]
                            async fn $law() {
                                $crate::$family::$law(&super::$d subject::default()).await;
                            }
                        )*
                    }
                )*
            };
        }

        /// How many laws there are.
        pub const LAWS: usize = [$($(stringify!($law),)*)*].len();
    };
}

laws! { $
    put {
        a_new_schedule_is_there_as_it_was_said,
        a_schedule_is_read_back_word_for_word,
        the_same_words_again_change_nothing,
        reject_and_keep_change_nothing,
        replacing_raises_the_revision_and_an_unchanged_trigger_keeps_its_cursor,
        a_new_trigger_starts_at_its_own_first_instant,
        replacing_never_loses_a_fire_that_is_owed,
        another_source_is_never_overwritten,
        replacing_takes_the_claim_away,
        a_batch_is_answered_item_by_item,
        an_older_program_does_not_overwrite_a_task,
        a_task_put_again_word_for_word_is_no_change,
    }
    remove {
        removing_names_what_was_there,
        a_source_that_is_read_again_removes_only_its_own,
        removing_what_is_not_there_is_no_change,
        jobs_outlive_their_schedule,
        a_schedule_put_again_has_revisions_of_its_own,
    }
    claim_schedules {
        the_earliest_come_first_and_no_more_than_asked_for,
        a_claim_reaches_ahead,
        two_planners_never_hold_one_claim,
        a_claim_ends_by_itself,
        paused_done_and_future_schedules_stay,
        a_claim_is_only_a_hint,
    }
    advance {
        fires_become_jobs_and_the_cursor_moves,
        an_advance_happens_once,
        one_fire_never_becomes_two_jobs,
        a_fire_that_is_over_is_not_run_again,
        replacing_during_planning_makes_the_advance_stale,
        pausing_during_planning_makes_the_advance_stale,
        removing_during_planning_makes_the_advance_stale,
        quarantine_during_planning_makes_the_advance_stale,
        a_schedule_that_is_done_is_not_advanced,
        one_stale_item_does_not_stop_the_others,
        a_claim_is_kept_or_given_up,
        an_advance_without_fires_keeps_the_last_fire,
        the_schedules_settings_come_before_the_tasks,
        skipped_fires_are_recorded,
        a_delayed_fire_is_really_delayed,
    }
    quarantine {
        a_quarantined_schedule_is_out_of_service_and_says_why,
        a_quarantine_of_another_revision_changes_nothing,
        putting_it_again_ends_a_quarantine,
    }
    enqueue {
        a_job_is_added_once,
        a_job_that_is_over_is_not_added_again,
        a_job_is_read_back_word_for_word,
        without_an_instant_a_job_is_ready_at_once,
        the_jobs_settings_come_before_the_tasks,
        a_later_change_of_the_task_leaves_jobs_alone,
    }
    claim_jobs {
        a_claim_is_a_lease_and_a_token,
        each_claim_raises_the_token,
        within_a_task_the_most_urgent_comes_first,
        between_tasks_the_turn_goes_round,
        the_turn_goes_on_from_claim_to_claim,
        only_offered_tasks_are_claimed,
        a_task_offered_twice_is_offered_once,
        a_claim_takes_no_more_than_asked_for,
        a_job_is_not_claimed_before_it_is_ready,
        two_claimers_never_share_a_job,
        a_task_runs_no_more_than_its_limit_over_all_nodes,
        a_task_at_its_limit_hides_nobody,
        a_limit_lowered_below_what_runs_still_holds,
        a_limit_of_none_lifts_it_at_once,
        a_limit_of_zero_holds_a_task_back,
        the_running_count_never_drifts,
        a_lapsed_lease_counts_until_it_is_rescued,
        an_expired_job_is_not_claimed,
        an_expired_job_hides_nobody,
        a_large_backlog_is_taken_in_order,
    }
    renew {
        a_renewed_lease_lasts_longer,
        a_renewal_never_shortens_a_lease,
        a_stale_renewal_is_told,
        a_lease_that_nobody_rescued_can_still_be_renewed,
    }
    finish {
        a_stale_token_changes_nothing,
        a_released_job_waits_as_before,
        a_retried_job_waits_for_its_turn,
        an_interrupted_job_no_longer_expires,
        a_stop_counts_as_nothing,
        a_settled_job_is_over_and_its_run_says_how,
        what_a_run_left_behind_can_be_read_again_and_again,
        a_repeated_settle_is_done_once,
        a_repeated_retry_is_done_once,
        attempts_are_numbered,
        one_lost_lease_does_not_stop_the_others,
    }
    cancel {
        a_waiting_job_is_over_at_once,
        the_holder_of_a_running_job_is_asked,
        a_job_that_is_over_or_unknown_is_told_apart,
        asking_twice_is_asking_once,
        a_cancelled_job_that_is_released_is_over,
        a_cancelled_job_that_is_retried_is_over,
        a_cancelled_job_that_is_lost_is_over,
        a_cancelled_job_that_succeeds_has_succeeded,
    }
    rescue {
        a_lost_job_runs_again,
        a_live_lease_is_left_alone,
        a_rescue_happens_once,
        rescues_are_bounded,
        rescues_and_failures_are_counted_separately,
        the_lost_holder_can_no_longer_finish,
        a_rescue_takes_no_more_than_asked_for,
        a_start_deadline_that_passed_is_an_outcome,
        a_job_that_was_tried_no_longer_expires,
        a_node_that_starts_again_takes_care_of_its_own,
        a_node_that_ends_gives_its_claims_up,
    }
    prune {
        old_history_goes_and_young_history_stays,
        a_prune_takes_no_more_than_asked_for,
        pruning_leaves_live_jobs_alone,
    }
    listing {
        schedules_come_in_pages_by_name,
        a_schedule_shows_its_last_run,
        jobs_come_in_pages_by_id,
        jobs_are_filtered,
        runs_come_in_pages_newest_first,
        runs_are_filtered,
        skips_come_in_pages_newest_first,
    }
    pulse {
        the_pulse_is_the_clock_that_was_asked_for,
        the_first_due_schedule_is_a_deadline,
        a_claimed_schedule_is_a_deadline_when_the_claim_ends,
        a_paused_overdue_schedule_is_no_deadline,
        the_next_ready_job_is_a_deadline,
        a_lease_is_a_deadline,
        a_start_deadline_is_a_deadline,
        what_people_change_raises_the_config_revision,
        what_machines_do_leaves_the_config_revision,
        an_empty_request_only_fetches_the_pulse,
    }
    durability {
        what_it_holds_is_there_after_a_reopen_if_it_is_durable,
        a_second_handle_sees_the_same_if_it_is_shared,
        claimers_on_two_handles_never_share_a_job,
    }
}
