//! What the system asks of a cluster, and what it leaves there.

use std::{fs, process::Command};

use e2e::{Cluster, repository};
use serde_json::Value;
use testing::report;

/// The architecture's minimum.
const MAX_MILLICORES: u64 = 2_000;
const MAX_MIB: u64 = 4_096;
/// Of each service's own container.
const MAX_SERVICE_MIB: u64 = 64;
const KIB: u64 = 1024;

/// All that is requested, of every namespace, and Redpanda's, which Kafka stands in for here.
pub(crate) fn fit_the_smallest_cluster(cluster: &Cluster) {
    let pods = cluster.get(&["pods", "--all-namespaces", "--field-selector=status.phase=Running"]);
    let (mut millicores, mut mib) = redpanda();
    let mut services = 0;
    for pod in pods["items"].as_array().unwrap() {
        for container in pod["spec"]["containers"].as_array().unwrap() {
            let requests = &container["resources"]["requests"];
            let memory = memory_mib(requests["memory"].as_str().unwrap_or("0"));
            millicores += cpu_millicores(requests["cpu"].as_str().unwrap_or("0"));
            mib += memory;
            let name = container["name"].as_str().unwrap();
            if ["chat-api", "reminder-worker"].contains(&name) {
                services += 1;
                assert!(memory > 0 && memory <= MAX_SERVICE_MIB, "{name}: {memory} MiB");
            }
        }
    }
    assert_eq!(services, 2);
    report(&format!("requested, Redpanda included: {millicores}m of CPU, {mib} MiB"));
    assert!(millicores <= MAX_MILLICORES && mib <= MAX_MIB, "{millicores}m, {mib} MiB");
}

/// What a release leaves is what it would be a loss to lose.
pub(crate) fn only_data_is_left(cluster: &Cluster) {
    let kinds = "deployments,statefulsets,jobs,services,configmaps,serviceaccounts,secrets,ingresses,\
                 persistentvolumeclaims,networkpolicies,components,configurations,subscriptions,httproutes";
    let left = cluster.get(&[kinds, "--selector=app.kubernetes.io/part-of=todo"]);
    let mut left: Vec<String> = left["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|thing| {
            let name = thing["metadata"]["name"].as_str().unwrap();
            format!("{} {name}", thing["kind"].as_str().unwrap())
        })
        .collect();
    left.sort();
    assert_eq!(
        left,
        [
            "Secret todo-app-api-token",
            "Secret todo-backend-database",
            "Secret todo-dapr-api-token",
            "Secret todo-reminder-worker-database",
            "Secret todo-sealing-keys",
        ]
    );
    let volumes = cluster.get(&["persistentvolumeclaims"]);
    assert_eq!(volumes["items"].as_array().map(Vec::len), Some(1), "{volumes}");
}

/// Kills the sidecars of an app with -9, where the node is this machine; a shell in a pod there is none.
pub(crate) fn kill_sidecars_of(app_id: &str) {
    let mut killed = 0;
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        if command.contains("daprd") && command.contains(&format!("--app-id {app_id} ")) {
            let pid = process.file_name();
            assert!(Command::new("kill").arg("-9").arg(pid).status().unwrap().success());
            killed += 1;
        }
    }
    assert!(killed > 0, "no sidecar of {app_id} runs on this machine");
}

/// What helm/redpanda-values.yaml asks for.
fn redpanda() -> (u64, u64) {
    let text = fs::read_to_string(repository().join("helm/redpanda-values.yaml")).unwrap();
    let values: Value = serde_saphyr::from_str(&text).unwrap();
    let resources = &values["resources"];
    let brokers = values["statefulset"]["replicas"].as_u64().unwrap();
    let cpu = resources["cpu"]["cores"].as_u64().unwrap() * 1_000;
    let memory = memory_mib(resources["memory"]["container"]["max"].as_str().unwrap());
    assert!(cpu > 0 && memory > 0);
    (brokers * cpu, brokers * memory)
}

fn cpu_millicores(quantity: &str) -> u64 {
    match quantity.strip_suffix('m') {
        Some(millicores) => millicores.parse().unwrap(),
        None => (quantity.parse::<f64>().unwrap() * 1_000.0) as u64,
    }
}

fn memory_mib(quantity: &str) -> u64 {
    let units = [("Ki", 1), ("Mi", KIB), ("Gi", KIB * KIB)];
    for (suffix, kib) in units {
        if let Some(number) = quantity.strip_suffix(suffix) {
            return (number.parse::<f64>().unwrap() * kib as f64) as u64 / KIB;
        }
    }
    quantity.parse::<u64>().unwrap() / KIB / KIB
}

#[test]
fn quantities_are_read_as_kubernetes_writes_them() {
    assert_eq!(
        [cpu_millicores("250m"), cpu_millicores("1"), cpu_millicores("0.5")],
        [250, 1_000, 500]
    );
    let sizes = ["64Mi", "2.5Gi", "1048576", "2048Ki"].map(memory_mib);
    assert_eq!(sizes, [64, 2_560, 1, 2]);
}
