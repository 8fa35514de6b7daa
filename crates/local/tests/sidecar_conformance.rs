//! The local sidecar does what daprd does: the suite that any bus must pass.

mod sidecar_support;

use sidecar_support::{local_bus::LocalBus, suite};

macro_rules! conformance {
    ($($group:ident: $($name:ident),* $(,)?;)*) => {$($(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            suite::$group::$name(&LocalBus::create().await).await;
        }
    )*)*};
}

conformance!(
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
);
