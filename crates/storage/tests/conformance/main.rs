//! The conformance suite: every case runs on SQLite and on PostgreSQL, because both must behave the same.
//!
//! PostgreSQL is the server at `CIVITAS_TEST_POSTGRES_URL`; each case makes its own database there and drops it. Without
//! the variable those cases say that they were skipped.
//!
//! A new case is an `async fn(Fixture)` in one of the modules and a line in the list below.

#[cfg(test)]
mod adoption;
#[cfg(test)]
mod agent_sessions;
#[cfg(test)]
mod agents;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod approvals;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod budgets;
#[cfg(test)]
mod budgets_model;
#[cfg(test)]
mod committing;
#[cfg(test)]
mod control;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod execution;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod model;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod records;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod telemetry;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod webhooks;

macro_rules! conformance {
    ($($module:ident { $($case:ident),* $(,)? })*) => {
        #[cfg(test)]
        mod sqlite {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    crate::fixture::run(crate::fixture::Kind::Sqlite, crate::$module::$case).await;
                })*
            })*
        }
        #[cfg(test)]
        mod postgres {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    crate::fixture::run(crate::fixture::Kind::Postgres, crate::$module::$case).await;
                })*
            })*
        }
    };
}

conformance! {
    execution {
        an_accepted_intent_is_read_back_as_it_was,
        a_whole_life_numbers_its_journal_without_a_gap,
        a_change_that_follows_an_old_entry_is_refused,
        an_execution_is_accepted_once,
        a_repeated_key_names_the_first_submission,
        a_parent_is_woken_by_its_child,
        a_parent_is_woken_by_its_cancelled_child,
        a_parent_that_waits_too_late_is_due_at_once,
        timers_are_due_in_order,
        open_executions_are_listed_in_order_of_acceptance,
        lists_are_filtered_and_paged,
        executions_are_counted_by_status,
        awkward_text_is_kept,
    }
    control {
        an_open_execution_is_cancelled_and_a_finished_one_is_not,
        a_paused_execution_waits_until_it_is_resumed,
        a_failed_or_cancelled_execution_is_retried,
        what_is_not_there_is_not_found,
        a_handler_is_fenced_off_by_what_people_ask,
    }
    committing {
        a_refusal_undoes_only_its_own_changeset,
        a_changeset_is_applied_whole_or_not_at_all,
        a_dropped_commit_is_applied_all_the_same,
        pipelined_changes_after_a_refused_one_are_refused,
        a_hundred_committers_lose_nothing,
        commits_go_on_after_a_reopening,
        commits_go_on_after_the_connection_was_lost,
        a_broken_constraint_fails_only_its_own_changeset,
        what_a_database_does_not_take_is_trouble_until_it_takes_something,
        notices_say_what_was_committed,
        a_newer_schema_is_refused,
    }
    leases {
        a_lease_is_held_by_one_until_it_ends,
        the_same_holder_may_take_it_again,
        an_old_epoch_is_refused,
        an_old_epoch_is_refused_in_the_transaction_of_the_take_over,
        a_refused_take_over_changes_nothing,
        a_renewed_lease_lasts_and_a_released_one_is_free,
    }
    retention {
        old_finished_executions_are_forgotten_a_piece_at_a_time,
        a_sweep_removes_what_outlived_its_use,
        a_child_that_was_forgotten_counts_as_finished,
    }
    documents {
        artifacts_are_put_found_listed_and_counted,
        files_are_put_found_and_listed,
        files_are_filtered_by_every_fact,
        names_are_searched_literally_and_in_any_case,
        content_is_needed_by_files_until_they_are_purged,
        content_is_needed_by_artifacts_until_they_are_deleted,
        content_is_needed_by_the_journal_of_what_may_still_run,
        artifacts_made_from_another_are_found,
        what_lost_a_use_is_listed_until_it_is_freed,
        uploads_are_noted_once_and_claimed_in_time,
        contracts_are_put_and_found,
        pending_intents_are_put_and_listed,
    }
    records {
        changes_are_numbered_without_a_gap,
        a_change_gives_records_as_they_are_now,
        many_records_in_one_change_are_read_back,
        pages_go_through_every_record,
    }
    sessions {
        a_session_is_opened_once_and_found,
        state_is_set_and_removed_by_key,
        an_anonymous_session_is_upgraded_once,
    }
    usage {
        what_is_kept_is_counted_and_what_goes_is_not,
        a_quota_is_never_exceeded_by_many_at_once,
        an_open_upload_moves_from_what_is_durable_to_an_upload,
        open_uploads_run_out_and_leave_a_note_when_they_were_whole,
    }
    agent_sessions {
        a_session_changes_only_from_the_revision_that_was_read,
        who_may_act_is_read_together_and_of_one_tenant,
        sessions_are_listed_newest_first_page_by_page,
        a_name_is_unregistered_until_an_agent_has_it,
        a_halt_is_in_force_until_it_is_lifted_once,
        an_event_is_kept_once_and_for_a_week,
        a_session_that_is_long_gone_is_forgotten,
    }
    budgets {
        what_is_reserved_settled_and_given_back_moves_every_pool,
        a_reservation_and_its_settlement_count_once,
        who_finds_no_room_is_told_where_and_changes_nothing,
        of_a_hundred_one_gets_the_last_unit,
        a_day_begins_at_midnight,
        a_rolling_window_forgets_piece_by_piece,
        another_period_keeps_what_was_used,
        what_outlives_its_time_is_given_back_and_charged_late,
        a_warning_is_given_once_per_period_and_level,
        an_agents_pools_follow_the_registry,
        agents_follow_the_budget_of_their_role_unless_they_have_their_own,
        a_metric_is_charged_once_to_pools_and_agent,
        a_charge_with_an_id_counts_once,
        an_execution_waits_until_there_is_room,
        a_wait_that_begins_too_late_ends_at_once,
        reservations_outlive_a_reopening,
        old_reservations_and_sessions_are_swept,
        there_are_limits,
    }
    agents {
        an_agent_is_registered_once_and_found,
        an_update_follows_the_revision_that_was_read,
        agents_are_listed_filtered_and_counted,
        an_agent_moves_through_its_life,
        a_metric_moves_its_agent_and_is_published_with_it,
        metrics_are_listed_and_added_up,
        old_metrics_and_activity_are_swept,
    }
    approvals {
        an_approval_is_decided_and_used_once,
        numbers_are_never_given_twice,
        of_many_decisions_at_once_one_holds,
        of_many_uses_at_once_one_holds,
        what_is_over_is_neither_decided_nor_used,
        what_is_not_right_is_not_asked_for,
        only_so_many_wait,
        an_execution_goes_on_with_the_decision,
        an_execution_that_waits_too_late_is_due_at_once,
        a_stopped_execution_takes_its_approval_back,
        an_allowance_goes_no_further_than_its_approval,
        an_allowance_covers_what_was_approved,
        an_allowance_answers_only_what_its_giver_was_asked,
        an_allowance_is_counted_until_it_ends,
        an_execution_that_is_allowed_is_approved_at_once,
        approvals_are_listed_by_what_they_are_now,
        what_the_sweep_looks_for_is_found,
    }
    telemetry {
        a_repeated_report_changes_nothing,
        gaps_are_known_until_late_events_close_them,
        a_fuller_report_of_a_request_adds_the_difference,
        an_agent_moves_by_what_its_requests_used,
        metrics_are_totals_by_session_model_and_type,
        telemetry_is_listed_in_pages,
        requests_are_added_up_by_model_agent_and_day,
        old_telemetry_is_swept,
    }
    audit {
        an_entry_is_read_back_as_it_was_hashed,
        a_refused_changeset_leaves_no_gap,
        an_entry_commits_only_with_its_change,
        a_hundred_writers_keep_a_hundred_entries_each,
        a_log_goes_on_after_a_reopening,
        proofs_hold_beyond_the_subtrees_that_are_kept,
        checkpoints_are_kept_and_what_is_unsigned_is_known,
        bodies_go_and_the_log_still_verifies,
        a_change_behind_our_back_is_found,
        entries_are_filtered_and_paged,
        entries_are_counted_by_what_they_have_in_common,
        a_copy_is_read_without_touching_it,
    }
    policies {
        a_version_is_saved_from_the_one_before_it,
        of_many_who_save_at_once_one_does,
        an_activation_is_noted_published_and_remembered,
        old_versions_go_and_the_active_one_stays,
        texts_have_a_limit,
        a_decision_is_recorded_once_and_found,
        a_held_decision_is_answered_once,
        decisions_are_paged_from_both_ends,
        decisions_are_filtered_by_every_fact,
        old_decisions_are_forgotten_a_piece_at_a_time,
    }
    webhooks {
        a_webhook_is_set_up_changed_rotated_and_removed,
        an_event_is_planned_once_and_tried_until_an_answer_is_recorded,
        deliveries_are_listed_by_page_and_swept,
        one_that_is_disabled_gives_up_and_says_so,
        the_stream_is_read_as_it_stands,
    }
    adoption {
        every_table_with_a_tenant_has_its_place,
        everything_moves_with_an_upgrade,
        what_waits_goes_on_in_the_other_tenant,
        nothing_moves_while_something_runs,
        what_the_other_tenant_has_stays_its_own,
        nothing_is_put_where_nobody_can_reach_it,
    }
    answers {
        what_is_done_under_a_key_takes_it_in_the_same_commit,
        what_is_refused_leaves_its_key_free,
        of_two_requests_with_one_key_one_is_done,
        an_answer_is_kept_once_and_forgotten_in_time,
    }
    isolation {
        every_table_and_reading_has_a_case,
        executions,
        outbox,
        idempotency_keys,
        kept_answers,
        artifacts,
        files,
        uploads,
        open_uploads,
        contracts,
        tenant_settings,
        pending_intents,
        records,
        sessions,
        a_write_into_another_tenant_is_refused,
        memberships,
        service_tokens,
        agent_sessions,
        agents,
        policies,
        decisions,
        budgets,
        approvals,
        audit_log,
        webhooks,
        telemetry,
    }
    model { random_changes_agree_with_a_small_model }
    queries {
        every_query_is_prepared_on_a_new_database,
        a_row_is_found_by_its_second_key_without_walking_the_others,
    }
    backup {
        a_backup_under_load_is_consistent,
        a_backup_moves_to_the_other_database,
        a_backup_is_not_restored_over_something,
        a_damaged_backup_is_refused,
        a_newer_backup_is_refused,
    }
}
