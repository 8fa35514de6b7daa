//! The process itself, by the names that Prometheus's own clients use.
//!
//! What the system does not tell, as off Linux, is named and has no value.

use std::{fmt, fs, time::UNIX_EPOCH};

use nix::sys::resource::{UsageWho, getrusage};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::counter::ConstCounter,
    registry::Unit,
};

use super::encode_gauge;

const BYTES_PER_KIB: f64 = 1024.0;
const MICROSECONDS_PER_SECOND: f64 = 1e6;

#[derive(Debug)]
pub(super) struct Process {
    began_at_secs: Option<f64>,
}

impl Process {
    pub(super) fn begun_now() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a stamp, by which nothing is decided")]
        let now = std::time::SystemTime::now();
        Self { began_at_secs: now.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs_f64()) }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "When the process began, in seconds since 1970";
        let began = self.began_at_secs;
        encode_gauge(&mut encoder, "process_start_time", help, Some(&Unit::Seconds), began)?;
        let help = "Memory that the process has, without what is swapped out";
        let memory = resident_bytes();
        encode_gauge(&mut encoder, "process_resident_memory", help, Some(&Unit::Bytes), memory)?;
        let help = "Files and sockets that the process has open";
        encode_gauge(&mut encoder, "process_open_fds", help, None, open_files())?;
        let spent = ConstCounter::new(cpu_secs().unwrap_or_default());
        let help = "Time that processors spent on the process";
        let unit = Some(&Unit::Seconds);
        let kind = spent.metric_type();
        spent.encode(encoder.encode_descriptor("process_cpu", help, unit, kind)?)
    }
}

fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * BYTES_PER_KIB)
}

fn open_files() -> Option<f64> {
    // The folder is open while it is read.
    Some(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as f64)
}

fn cpu_secs() -> Option<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let times = [usage.user_time(), usage.system_time()];
    let secs = |time: &nix::sys::time::TimeVal| {
        time.tv_sec() as f64 + time.tv_usec() as f64 / MICROSECONDS_PER_SECOND
    };
    Some(times.iter().map(secs).sum())
}
