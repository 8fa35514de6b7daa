//! The local sidecar does what daprd does: one suite, which both must pass.

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
                a_trace_parent_alone_is_overwritten,
                other_payloads_are_wrapped,
                a_record_that_is_no_json_arrives_raw,
                a_record_that_is_no_json_blocks_its_partition_without_raw_payload,
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
}
