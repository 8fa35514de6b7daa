//! The local sidecar does what daprd does: one suite, which both must pass.
//!
//! Where daprd loses, repeats or holds up records there is a test for each defect by name. It passes as long as
//! daprd has the defect: one that fails says that a newer daprd has not, and what can go then. Beside it stands
//! what the local sidecar does there: the same on purpose, or better, or it does not start with what leads there.

mod sidecar_support;

/// Hands every test of the suite to a macro.
macro_rules! of_the_suite {
    ($each:ident) => {
        $each! {
            publishing:
                publishing_is_refused_with_daprds_codes,
                sizes_are_limited_as_by_daprd,
                a_caller_without_the_token_is_refused,
                a_bulk_can_fail_in_part,
                a_malformed_bulk_is_refused,
                scopes_are_honoured,
                health_waits_for_the_application_and_outbound_does_not,
                metadata_names_components_and_subscriptions,
            ;
            delivering:
                a_cloud_event_arrives_with_its_attributes,
                other_payloads_are_wrapped,
                a_record_that_is_no_json_arrives_raw,
                a_key_keeps_its_order,
                a_refused_record_comes_again_in_order,
                a_dropped_record_does_not_come_again,
                a_blocked_record_blocks_only_its_partition,
                an_expired_event_is_not_delivered,
                the_application_may_name_its_subscriptions,
                an_unhealthy_application_gets_nothing,
            ;
            sharing:
                an_application_that_restarts_misses_nothing,
                a_sidecar_that_stops_in_order_repeats_nothing,
                a_stopping_sidecar_still_publishes,
                a_killed_sidecar_loses_nothing,
                two_instances_of_a_group_share_the_partitions,
                two_groups_each_get_every_record,
                a_killed_instance_hands_over,
                an_instance_without_its_application_hands_over,
            ;
        }
    };
}

/// Hands every defect of daprd to a macro: what the local sidecar does there, the situation, and what can go
/// when daprd lacks it.
macro_rules! of_the_defects {
    ($each:ident) => {
        $each! {
            // So that what works on it works on daprd.
            shares_the_defect, Defective:
                what_is_answered_404_is_lost,
                    "the listener may answer 404 for a route that it lacks";
                a_record_that_is_no_json_blocks_its_partition_without_raw_payload,
                    "rawPayload may go from dapr/subscriptions if nothing else needs it";
                a_header_with_a_line_break_blocks_its_partition,
                    "a record's metadata may be more than a plain key";
                subscriptions_are_asked_for_once,
                    "subscriptions need not be declared in dapr/subscriptions";
                a_traceparent_alone_is_overwritten,
                    "events::CloudEvent may leave out traceid";
                a_trace_header_of_a_bulk_overwrites_its_entries,
                    "events::CloudEvent may leave out traceid";
            ;
            lacks_the_defect, Sound:
                an_application_that_ends_while_it_is_asked_gets_nothing_that_is_declared,
                    "declared subscriptions need no check of the application's health";
                a_malformed_list_of_subscriptions_ends_the_declared_ones_too,
                    "the listener may leave GET /dapr/subscribe unanswered";
                a_numeric_traceid_without_raw_payload_ends_the_sidecar,
                    "rawPayload may go from dapr/subscriptions if nothing else needs it";
                a_batch_comes_again_whole_for_one_refused_record,
                    "bulk subscriptions may be worth a look: one delivery for many records";
                a_refused_batch_holds_up_every_partition,
                    "bulk subscriptions may be worth a look: one delivery for many records";
            ;
            does_not_start_with_it, Refusing:
                a_failed_publish_to_the_dead_letter_topic_acknowledges,
                    "Dapr's dead-letter topic may be worth a look, beside records kept by the services";
                without_a_policy_a_dead_letter_topic_takes_all_after_one_attempt,
                    "Dapr's dead-letter topic may be worth a look, beside records kept by the services";
                an_open_circuit_breaker_sends_good_records_to_the_dead_letters,
                    "an inbound circuit breaker may be worth a look";
            ;
        }
    };
}

mod local_sidecar {
    use crate::sidecar_support::{local_bus::LocalBus, suite};

    macro_rules! passes {
        ($($group:ident: $($name:ident),* $(,)?;)*) => {$($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                suite::$group::$name(&LocalBus::create().await).await;
            }
        )*)*};
    }

    of_the_suite!(passes);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_broker_that_comes_back_has_lost_nothing() {
        suite::broker::a_broker_that_comes_back_has_lost_nothing(&LocalBus::create().await).await;
    }

    macro_rules! takes_it_so {
        ($($group:ident, $conduct:ident: $($name:ident, $_then:literal;)*;)*) => {$(
            mod $group {
                use crate::sidecar_support::{
                    local_bus::LocalBus,
                    suite::defects::{self, Conduct},
                };

                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $name() {
                        let conduct = defects::$name(&LocalBus::create().await).await;
                        assert_eq!(conduct, Conduct::$conduct);
                    }
                )*
            }
        )*};
    }

    of_the_defects!(takes_it_so);
}

mod daprd_and_kafka {
    use testing::skipped;

    use crate::sidecar_support::{daprd_bus::DaprdBus, suite};

    const NEEDS: &str = "needs daprd and Kafka";

    macro_rules! passes {
        ($($group:ident: $($name:ident),* $(,)?;)*) => {$($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(bus) = DaprdBus::find() else {
                    return skipped(NEEDS);
                };
                suite::$group::$name(&bus).await;
            }
        )*)*};
    }

    of_the_suite!(passes);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_broker_that_comes_back_has_lost_nothing() {
        let Some(bus) = DaprdBus::find_with_own_broker().await else {
            return skipped(NEEDS);
        };
        suite::broker::a_broker_that_comes_back_has_lost_nothing(&bus).await;
    }

    mod has_the_defect {
        use testing::skipped;

        use super::NEEDS;
        use crate::sidecar_support::{
            daprd_bus::DaprdBus,
            suite::defects::{self, Conduct},
        };

        macro_rules! is_seen {
            ($($_group:ident, $_conduct:ident: $($name:ident, $then:literal;)*;)*) => {$($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let Some(bus) = DaprdBus::find() else {
                        return skipped(NEEDS);
                    };
                    let conduct = defects::$name(&bus).await;
                    assert_eq!(
                        conduct,
                        Conduct::Defective,
                        "this daprd lacks the defect. With no older one to be served: {}",
                        $then
                    );
                }
            )*)*};
        }

        of_the_defects!(is_seen);
    }
}
