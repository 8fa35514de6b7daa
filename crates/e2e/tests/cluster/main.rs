//! The charts on a real cluster, through the whole life of a system: what is refused before anything is installed,
//! the commands of the README as they stand, the main job through the ingress and through a gateway, updates, deaths
//! and a change of the worker under a steady load, the way back, and the end.
//!
//! `make test-cluster` runs it on the current kubectl context, which has to have Dapr, Kafka without our topics, and
//! an ingress controller. It owns the namespace `todo`.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod load;
mod main_job;
mod refusals;
mod requests;

use std::time::Duration;

use e2e::{Cluster, WayIn, repository};
use testing::{eventually, report};
use tokio::time;

use crate::{load::Load, main_job::main_job};

const NAMESPACE: &str = "todo";
const BACKEND: &str = "todo-backend";
/// The Secret with a certificate for it.
const CERTIFICATE: &str = "todo-tls";
const DATABASE_POD: &str = "todo-backend-postgresql-0";
/// A second release of the backend, beside the first.
const GREEN: &str = "todo-backend-green";
/// How long people are with it, and how long nobody is before it goes: a controller takes a moment.
const WITH_GREEN: Duration = Duration::from_secs(10);
const WORKER: &str = "todo-reminder-worker";
/// The host of helm/values-local.yaml.
const HOST: &str = "todo.example.test";

#[tokio::test(flavor = "multi_thread")]
async fn the_charts_carry_the_system_through_its_whole_life() {
    let cluster = Cluster::with_empty_namespace(NAMESPACE);
    refusals::privileged_pods_are_refused(&cluster);
    refusals::wrong_values_say_what_to_do(&cluster);

    for command in commands_of_the_readme() {
        cluster.helm(&command.iter().map(String::as_str).collect::<Vec<_>>());
    }
    for release in [BACKEND, WORKER] {
        cluster.rolled_out(release).await;
    }
    requests::fit_the_smallest_cluster(&cluster);
    for release in [BACKEND, WORKER] {
        cluster.helm(&["test", release, "--logs"]);
    }

    let (hook, address) = cluster.start_sink(&image("webhook-sink")).await;
    let way = WayIn::to(HOST, &cluster, CERTIFICATE);
    let port = way.base.rsplit(':').next().unwrap().to_owned();
    // The test comes by another port than 443, and its target is inside the cluster.
    let public_url = format!("api.publicUrl=https://{HOST}:{port}");
    let certificate = format!("ingress.tls.secretName={CERTIFICATE}");
    upgrade(&cluster, BACKEND, &[&public_url, &certificate]).await;
    upgrade(&cluster, WORKER, &[&format!("worker.webhookAllow={address}/32")]).await;
    main_job(&cluster, &way, &hook).await;

    // The database's pod is another one from here on, on the same volume.
    cluster.kubectl(&["delete", "pod", DATABASE_POD, "--wait"]);
    let ready = format!("pod/{DATABASE_POD}");
    eventually("the database's pod", || async {
        let wait = ["wait", "--for=condition=Ready", "--timeout=60s", &ready];
        cluster.try_kubectl(&wait).status.success().then_some(())
    })
    .await;

    let class = std::env::var("GATEWAY_CLASS").unwrap_or_else(|_| "traefik".to_owned());
    let class = format!("ingress.gateway.className={class}");
    upgrade(&cluster, BACKEND, &["ingress.mode=gateway", "ingress.gateway.create=true", &class])
        .await;
    assert!(cluster.get(&["ingress"])["items"].as_array().unwrap().is_empty());
    main_job(&cluster, &way, &hook).await;

    let load = Load::start(&cluster, &way, &hook).await;
    let next = format!("image.tag={}", next_tag());
    load.during("a rolling upgrade of both", async {
        upgrade(&cluster, BACKEND, &[&next]).await;
        upgrade(&cluster, WORKER, &[&next]).await;
    })
    .await;
    load.during("the way back", async {
        for release in [BACKEND, WORKER] {
            cluster.helm(&["rollback", release]);
            cluster.rolled_out(release).await;
        }
    })
    .await;
    load.during("people led to a second release, and back", async {
        cluster.helm(&[
            &["install", GREEN, "./helm/todo-backend", "--values", "helm/values-local.yaml"][..],
            &["--set", "bus.component.create=false,ingress.mode=none,secrets.create=false"],
            &["--set", "postgresql.enabled=false", "--set", &public_url],
        ]
        .concat());
        cluster.rolled_out(GREEN).await;
        upgrade(&cluster, BACKEND, &[&format!("ingress.service={GREEN}")]).await;
        time::sleep(WITH_GREEN).await;
        assert!(cluster.was_asked(GREEN), "nobody was led to {GREEN}");
        upgrade(&cluster, BACKEND, &["ingress.service="]).await;
        time::sleep(WITH_GREEN).await;
        cluster.helm(&["uninstall", GREEN, "--wait"]);
    })
    .await;
    load.during("the worker uninstalled and installed", async {
        let values = cluster.helm(&["get", "values", WORKER, "--output=json"]);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), values).unwrap();
        cluster.helm(&["uninstall", WORKER, "--wait"]);
        let file = file.path().to_str().unwrap().to_owned();
        cluster.helm(&["install", WORKER, "./helm/todo-reminder-worker", "--values", &file]);
        cluster.rolled_out(WORKER).await;
    })
    .await;
    load.in_a_burst("a worker's pod killed", async {
        for pod in cluster.pods(WORKER, "worker") {
            cluster.kubectl(&["delete", "pod", &pod, "--grace-period=0", "--force"]);
        }
        cluster.rolled_out(WORKER).await;
    })
    .await;
    load.in_a_burst("a worker's sidecar killed", async {
        requests::kill_sidecars_of("reminder-worker");
        cluster.rolled_out(WORKER).await;
    })
    .await;
    load.end().await;

    for release in [WORKER, BACKEND] {
        cluster.helm(&["uninstall", release, "--wait"]);
    }
    requests::only_data_is_left(&cluster);
    cluster.kubectl(&["delete", "namespace", NAMESPACE, "--wait"]);
    report("test-cluster: done");
}

/// The README's two commands, without the first word.
fn commands_of_the_readme() -> Vec<Vec<String>> {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let commands: Vec<Vec<String>> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("helm install todo-"))
        .map(|rest| format!("install todo-{rest}").split_whitespace().map(String::from).collect())
        .collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    commands
}

async fn upgrade(cluster: &Cluster, release: &str, settings: &[&str]) {
    let chart = format!("./helm/{release}");
    let mut arguments = vec!["upgrade", release, &chart, "--reuse-values"];
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    cluster.helm(&arguments);
    cluster.rolled_out(release).await;
}

/// An image of this build that only tests have.
fn image(name: &str) -> String {
    format!("{name}:{}", env!("CARGO_PKG_VERSION"))
}

/// The tag under which the images are there a second time, as those of the next release would be.
fn next_tag() -> String {
    format!("{}-next", env!("CARGO_PKG_VERSION"))
}
