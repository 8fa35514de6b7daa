//! What the cluster and the charts refuse, and what they say then.

use e2e::Cluster;

use crate::{BACKEND, WORKER};

/// Without it, that our pods run would say nothing about their profile.
pub(crate) fn privileged_pods_are_refused(cluster: &Cluster) {
    let run = ["run", "privileged", "--image=none", "--privileged"];
    let refused = cluster.try_kubectl(&run);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("violates PodSecurity"), "{said}");
}

/// Each mistake is named before anything of the release is there.
pub(crate) fn wrong_values_say_what_to_do(cluster: &Cluster) {
    let backend = ["install", BACKEND, "./helm/todo-backend", "--values", "helm/values-local.yaml"];
    let refused = |arguments: &[&str], says: &[&str]| {
        let output = cluster.try_helm(arguments);
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success(), "{arguments:?} is taken:\n{said}");
        for words in says {
            assert!(said.contains(words), "{arguments:?} does not say {words:?}:\n{said}");
        }
    };
    let with = |settings: &[&'static str]| {
        let mut arguments = backend.to_vec();
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        arguments
    };
    refused(&with(&["api.replcas=2"]), &["additional properties 'replcas' not allowed"]);
    refused(
        &with(&["secrets.create=false"]),
        &["The Secret todo-backend-database is missing", "create secret generic"],
    );
    refused(
        &["install", WORKER, "./helm/todo-reminder-worker"],
        &["Install todo-backend there first"],
    );
    refused(
        &with(&["bus.topics.create=false"]),
        &["the bus lacks the topic task-events", "create what is missing with 3 partitions"],
    );
    cluster.helm(&["uninstall", BACKEND, "--wait"]);
    refused(
        &with(&["bus.brokers=nobody:9092", "bus.topics.waitSeconds=1"]),
        &["the Kafka broker nobody:9092 does not answer"],
    );
    cluster.helm(&["uninstall", BACKEND, "--wait"]);
    let left = cluster.get(&["deployments,statefulsets,secrets"]);
    assert_eq!(left["items"].as_array().map(Vec::len), Some(0), "{left}");
}
