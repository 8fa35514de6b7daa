//! A Kubernetes cluster as its operator has it: `kubectl` and `helm` on the current context, and the way in that
//! people take.
//!
//! Where the way in is stands in the environment: `INGRESS_ADDRESS` (host:port of the controller's HTTPS). `HELM` and
//! `KUBECTL` name the programs.

use std::{
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use reqwest::{Certificate, Client, ClientBuilder};
use serde_json::Value;
use testing::eventually_within;

use crate::{Notification, Person};

/// The longest that a change of the cluster may take, in seconds.
const CHANGE_TIMEOUT_SECS: u64 = 300;

/// A namespace of the cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    namespace: String,
}

/// The way in.
#[derive(Clone, Debug)]
pub struct WayIn {
    /// The URL that people use, without a path.
    pub base: String,
    host: String,
    address: SocketAddr,
    authority: Certificate,
}

impl Cluster {
    /// This namespace, made anew with the restricted Pod Security profile enforced.
    ///
    /// # Panics
    /// When there is no cluster.
    #[must_use]
    pub fn with_empty_namespace(namespace: &str) -> Self {
        let cluster = Self { namespace: namespace.to_owned() };
        cluster.kubectl(&["delete", "namespace", namespace, "--ignore-not-found", "--wait"]);
        cluster.kubectl(&["create", "namespace", namespace]);
        let enforce = "pod-security.kubernetes.io/enforce=restricted";
        cluster.kubectl(&["label", "namespace", namespace, enforce]);
        cluster
    }

    /// Its name.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Runs kubectl in the namespace and returns what it prints.
    ///
    /// # Panics
    /// When it fails.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        succeeded("kubectl", arguments, &self.try_kubectl(arguments))
    }

    /// Runs kubectl in the namespace.
    ///
    /// # Panics
    /// When there is no kubectl.
    #[must_use]
    pub fn try_kubectl(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(named("KUBECTL", "kubectl"));
        command.args(["--namespace", &self.namespace]).args(arguments);
        command.stdin(Stdio::null()).output().expect("kubectl")
    }

    /// What kubectl shows of a kind of thing, as JSON.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn get(&self, arguments: &[&str]) -> Value {
        let text = self.kubectl(&[&["get", "--output=json"], arguments].concat());
        serde_json::from_str(&text).expect("JSON")
    }

    /// Applies a manifest.
    ///
    /// # Panics
    /// When the cluster refuses it.
    pub fn apply(&self, manifest: &str) {
        let mut command = Command::new(named("KUBECTL", "kubectl"));
        command.args(["--namespace", &self.namespace, "apply", "--filename=-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().expect("kubectl");
        child.stdin.take().expect("a pipe").write_all(manifest.as_bytes()).expect("kubectl reads");
        assert!(child.wait().expect("kubectl").success(), "refused:\n{manifest}");
    }

    /// Runs helm in the namespace, from the top of the repository, and returns what it prints.
    ///
    /// # Panics
    /// When it fails.
    pub fn helm(&self, arguments: &[&str]) -> String {
        succeeded("helm", arguments, &self.try_helm(arguments))
    }

    /// Runs helm in the namespace, from the top of the repository.
    ///
    /// # Panics
    /// When there is no helm.
    #[must_use]
    pub fn try_helm(&self, arguments: &[&str]) -> Output {
        Command::new(named("HELM", "helm"))
            .args(arguments)
            .env("HELM_NAMESPACE", &self.namespace)
            .current_dir(repository())
            .stdin(Stdio::null())
            .output()
            .expect("helm")
    }

    /// Waits until every pod of a Deployment is of its newest kind and ready, and no other is left.
    ///
    /// # Panics
    /// When that takes too long; then it says what the cluster knows.
    pub async fn rolled_out(&self, deployment: &str) {
        let timeout = format!("--timeout={CHANGE_TIMEOUT_SECS}s");
        let name = format!("deployment/{deployment}");
        let status = self.try_kubectl(&["rollout", "status", &name, &timeout]);
        if !status.status.success() {
            self.tell();
            succeeded("kubectl", &["rollout", "status", &name], &status);
        }
        let selector = format!("--selector=app.kubernetes.io/instance={deployment}");
        eventually_within(
            Duration::from_secs(CHANGE_TIMEOUT_SECS),
            "the old pods to be gone",
            || async {
                let pods = self.get(&["pods", &selector]);
                let ends = |pod: &&Value| pod["metadata"]["deletionTimestamp"].is_string();
                (pods["items"].as_array()?.iter().find(ends).is_none()).then_some(())
            },
        )
        .await;
    }

    /// The names of a release's pods that serve.
    ///
    /// # Panics
    /// When kubectl fails.
    #[must_use]
    pub fn pods(&self, release: &str, component: &str) -> Vec<String> {
        let selector = format!(
            "--selector=app.kubernetes.io/instance={release},app.kubernetes.io/component={component}"
        );
        let pods = self.get(&["pods", &selector]);
        let name = |pod: &Value| pod["metadata"]["name"].as_str().map(ToOwned::to_owned);
        pods["items"].as_array().into_iter().flatten().filter_map(name).collect()
    }

    /// Whether a release's chat-api has answered a person, by its own metrics.
    ///
    /// # Panics
    /// When kubectl fails.
    #[must_use]
    pub fn was_asked(&self, release: &str) -> bool {
        let path = format!(
            "/api/v1/namespaces/{}/services/{release}-metrics:health/proxy/metrics",
            self.namespace
        );
        let metrics = self.kubectl(&["get", "--raw", &path]);
        metrics.lines().any(|line| {
            line.starts_with("todo_http_requests_total{") && line.contains("/api/v1/tasks")
        })
    }

    /// Writes what the cluster knows to standard error: for whoever reads a failure.
    pub fn tell(&self) {
        for arguments in [
            &["get", "all", "--output=wide"][..],
            &["get", "events", "--sort-by=.lastTimestamp"],
            &[
                "logs",
                "--selector=app.kubernetes.io/part-of=todo",
                "--all-containers",
                "--tail=25",
                "--prefix",
            ],
        ] {
            let output = self.try_kubectl(arguments);
            eprintln!(
                "--- kubectl {}\n{}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stdout)
            );
        }
    }

    /// Starts a webhook's target as a pod, from an image of `webhook-sink`, and returns its URL and its address.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_sink(&self, image: &str) -> (String, String) {
        self.apply(&SINK.replace("@IMAGE@", image));
        self.rolled_out("webhook-sink").await;
        let service = self.get(&["service", "webhook-sink"]);
        let address = service["spec"]["clusterIP"].as_str().expect("an address").to_owned();
        (format!("http://webhook-sink.{}.svc.cluster.local/hook", self.namespace), address)
    }

    /// The notifications that came to it, in their order, repetitions included.
    ///
    /// # Panics
    /// When kubectl fails.
    #[must_use]
    pub fn notifications(&self) -> Vec<Notification> {
        let log = self.kubectl(&["logs", "deployment/webhook-sink", "--tail=-1"]);
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

impl WayIn {
    /// As the environment says, to this host, with a certificate for it in a Secret of the namespace.
    ///
    /// # Panics
    /// When the environment does not say it, or there is no openssl.
    #[must_use]
    pub fn to(host: &str, cluster: &Cluster, secret: &str) -> Self {
        let address = std::env::var("INGRESS_ADDRESS").expect("INGRESS_ADDRESS, host:port");
        let address: SocketAddr = address.parse().expect("INGRESS_ADDRESS, host:port");
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
        let new_key = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
        openssl(
            &[
                &new_key[..],
                &["-subj", "/CN=todo test", "-keyout", &file("ca.key"), "-out", &file("ca.crt")],
            ]
            .concat(),
        );
        openssl(
            &[
                &new_key[..],
                &["-subj", "/CN=todo", "-addext", &format!("subjectAltName=DNS:{host}")],
                &[
                    "-addext",
                    "basicConstraints=critical,CA:FALSE",
                    "-CA",
                    &file("ca.crt"),
                    "-CAkey",
                    &file("ca.key"),
                ],
                &["-keyout", &file("tls.key"), "-out", &file("tls.crt")],
            ]
            .concat(),
        );
        let (certificate, key) =
            (format!("--cert={}", file("tls.crt")), format!("--key={}", file("tls.key")));
        cluster.kubectl(&["create", "secret", "tls", secret, &certificate, &key]);
        let authority = std::fs::read(file("ca.crt")).expect("a certificate");
        let authority = Certificate::from_pem(&authority).expect("a certificate");
        let base = format!("https://{host}:{}", address.port());
        Self { base, host: host.to_owned(), address, authority }
    }

    /// A client that goes there by HTTPS and trusts that certificate's authority.
    pub fn client(&self) -> ClientBuilder {
        Client::builder()
            .no_proxy()
            .resolve(&self.host, self.address)
            .add_root_certificate(self.authority.clone())
    }

    /// A new person.
    ///
    /// # Panics
    /// When the API refuses.
    pub async fn register(&self) -> Person {
        Person::register_by(|| self.client(), &self.base, &["read", "write", "account"]).await
    }
}

fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).stdin(Stdio::null()).output();
    succeeded("openssl", arguments, &output.expect("openssl"));
}

/// The top of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn named(variable: &str, usual: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| usual.to_owned())
}

fn succeeded(program: &str, arguments: &[&str], output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {}\n{said}{complained}", arguments.join(" "));
    said.into_owned()
}

const SINK: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: webhook-sink}
spec:
  selector: {matchLabels: {app.kubernetes.io/instance: webhook-sink}}
  template:
    metadata: {labels: {app.kubernetes.io/instance: webhook-sink}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: webhook-sink
          image: @IMAGE@
          imagePullPolicy: IfNotPresent
          ports: [{containerPort: 8080}]
          readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
          securityContext:
            {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          resources: {requests: {cpu: 10m, memory: 16Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: webhook-sink}
spec:
  selector: {app.kubernetes.io/instance: webhook-sink}
  ports: [{port: 80, targetPort: 8080}]
"#;
