//! The laws every store obeys, run against each of them; those of brokers are in [`broker`].
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
pub mod after_run;
pub mod batch;
pub mod broker;
pub mod cancel;
pub mod claim_jobs;
pub mod claim_schedules;
pub mod durability;
pub mod enqueue;
pub mod extra;
pub mod filter;
pub mod finish;
pub mod hasten;
pub mod limit;
pub mod listing;
pub mod node;
pub mod overlap;
pub mod pause;
pub mod prune;
pub mod pulse;
pub mod put;
pub mod quarantine;
pub mod remove;
pub mod renew;
pub mod rescue;
pub mod rig;
pub mod sample;
pub mod settle_and_claim;
mod subject;
pub mod tags;
pub mod together;
pub mod unique;

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
        an_advance_to_where_a_replacement_has_led_is_stale,
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
    overlap {
        a_fire_that_meets_nobody_waits_under_every_policy,
        allowed_fires_run_at_once,
        a_fire_is_skipped_while_an_earlier_job_is_not_over,
        one_fire_is_held_and_further_ones_are_skipped,
        fires_of_one_decision_meet_each_other,
        a_held_job_is_not_claimed,
        a_held_job_is_freed_by_every_end_of_the_one_before,
        a_held_job_is_freed_when_a_cancelled_one_is_released,
        a_held_job_is_freed_when_a_waiting_one_is_cancelled,
        a_held_job_is_freed_when_the_one_before_is_given_up,
        a_held_job_stays_while_the_one_before_goes_on,
        a_freed_job_still_waits_for_its_instant,
        a_held_job_expires,
        a_held_job_can_be_cancelled,
        cancelling_settles_what_waits_and_asks_what_runs,
        cancelling_takes_the_place_of_what_was_held,
        a_repeated_advance_cancels_and_skips_nothing_more,
        a_held_job_outlives_its_schedule,
        a_schedule_put_again_meets_the_jobs_of_the_former_one,
        a_policy_edited_to_queue_waits_for_jobs_of_before,
        a_policy_edited_to_skip_meets_jobs_of_before,
        a_policy_edited_to_allow_frees_what_is_held,
        jobs_of_others_do_not_overlap,
    }
    extra {
        an_extra_job_belongs_to_its_schedule,
        an_extra_job_leaves_the_schedule_as_it_is,
        a_manual_job_keeps_to_overlap,
        a_backfill_runs_beside_everything,
        a_manual_job_is_in_the_way_of_a_fire,
        a_backfill_is_in_nobodys_way,
        an_extra_job_of_no_schedule_is_refused,
        an_extra_job_is_added_once,
        an_extra_job_needs_what_it_says_or_what_its_task_says,
    }
    after_run {
        a_schedule_that_waits_for_its_job_is_not_due,
        the_delay_counts_from_the_end_of_the_job,
        the_delay_waits_for_a_run_by_hand_too,
        the_delay_counts_from_an_end_without_a_word_from_the_holder,
        the_delay_does_not_count_while_the_job_is_tried_again,
        a_fire_that_nobody_will_report_on_counts_at_once,
        the_end_of_a_job_moves_nothing_after_its_schedule_was_replaced,
        an_edit_with_the_same_trigger_still_waits_for_the_job,
        an_edit_that_takes_the_delay_away_starts_anew,
        the_end_of_a_job_whose_schedule_is_gone_is_an_end,
        the_end_of_a_job_counts_while_its_schedule_is_paused,
    }
    limit {
        the_last_fire_of_a_limit_ends_the_schedule,
        only_fires_that_became_jobs_count,
        no_decision_exceeds_what_is_left_of_a_limit,
        nothing_is_skipped_behind_the_last_fire_of_a_limit,
        raising_the_limit_revives_the_schedule,
        a_schedule_put_anew_counts_from_the_start,
    }
    pause {
        a_paused_schedule_does_not_fire,
        pausing_twice_is_pausing_once,
        a_pause_by_hand_takes_the_place_of_one_after_failures,
        a_pause_takes_the_claim_away,
        a_resumed_schedule_fires_again,
        resuming_another_revision_changes_nothing,
        resuming_what_fires_changes_nothing,
        what_is_written_down_has_the_last_word_on_a_pause,
        an_edit_keeps_a_pause_by_hand,
        so_many_failures_in_a_row_pause_a_schedule,
        a_success_forgets_the_failures_before,
        a_job_that_was_cancelled_or_expired_has_not_failed,
        only_the_end_of_a_job_counts_as_a_failure,
        an_edit_ends_a_pause_after_failures,
        resuming_forgets_the_failures,
        a_pause_leaves_jobs_alone,
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
    unique {
        a_key_that_is_held_keeps_a_second_job_out,
        a_key_becomes_free_when_its_hold_ends,
        a_job_that_waits_is_replaced,
        a_job_that_runs_or_is_over_is_not_replaced,
        a_hold_for_a_while_counts_from_the_queueing,
        a_hold_for_a_while_does_not_end_before_the_job,
        a_job_that_ends_without_a_run_leaves_its_key,
        a_job_that_waits_again_does_not_take_its_key_back,
        jobs_of_different_tasks_or_keys_do_not_meet,
        a_repeated_job_exists_rather_than_meets_itself,
        jobs_of_one_request_meet_each_other,
        a_replaced_job_no_longer_has_a_say_in_its_key,
        a_thousand_keys_come_and_go,
        a_job_is_replaced_under_every_policy_on_overlap,
        a_held_job_is_replaced,
        replacing_the_job_that_another_is_held_for_keeps_the_order,
        a_job_that_overlaps_replaces_nobody,
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
    tags {
        tags_come_from_the_first_level_that_has_them,
        a_later_change_of_the_tasks_tags_leaves_jobs_alone,
        a_job_goes_only_to_who_offers_all_of_its_tags,
        the_most_urgent_comes_first_whatever_its_tags,
        jobs_that_nobody_here_may_run_hide_nobody,
        many_sets_of_tags_are_all_served,
        a_limit_counts_over_all_tags,
        between_tasks_the_turn_goes_round_whatever_the_tags,
        a_job_that_waits_again_needs_the_same,
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
        a_snooze_counts_as_nothing,
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
    hasten {
        a_job_that_waits_for_its_retry_is_ready_at_once,
        hastening_twice_is_hastening_once,
        only_what_waits_for_its_time_is_hastened,
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
        tasks_come_in_pages_by_name,
        a_schedule_shows_its_last_run,
        a_schedule_is_found_by_its_name,
        jobs_come_in_pages_by_id,
        jobs_are_filtered,
        runs_come_in_pages_newest_first,
        runs_are_filtered,
        skips_come_in_pages_newest_first,
    }
    filter {
        jobs_are_filtered_by_place_tag_origin_and_time,
        schedules_are_filtered,
        runs_are_filtered_by_what_they_say,
        skips_are_filtered_by_what_they_say,
        jobs_are_counted_as_far_as_asked_for,
    }
    node {
        a_node_is_shown_as_it_describes_itself,
        a_node_that_beats_again_is_one_node,
        a_node_that_left_is_gone,
        a_node_that_is_not_heard_of_is_lost,
        a_node_that_is_long_gone_is_forgotten,
        nodes_come_in_pages_by_name,
        what_nodes_say_leaves_the_config_revision,
    }
    batch {
        what_is_named_twice_is_done_once,
        advances_are_answered_item_by_item,
        a_large_batch_is_one_call,
        jobs_of_a_batch_keep_what_is_their_own,
        only_what_is_leased_is_settled_with_its_batch,
        what_a_run_left_behind_is_kept_whatever_it_is,
    }
    settle_and_claim {
        a_settled_job_makes_room_for_the_next,
        a_stale_settle_does_not_stop_the_claim,
    }
    together {
        each_job_is_over_once,
        each_fire_is_decided_once,
        a_held_job_is_never_left_behind,
        a_key_has_one_holder,
        a_new_schedule_is_created_once,
        a_job_queued_by_several_is_one_job,
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
        jobs_that_wait_for_one_another_do_so_over_two_handles,
        held_jobs_and_keys_are_there_after_a_reopen_if_it_is_durable,
    }
}
