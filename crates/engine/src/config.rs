//! What `Engine::open` needs to know.

use std::path::PathBuf;

/// One data directory, and what may be spent on it.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    pub data_dir: PathBuf,
    /// Bytes that queries and training may hold together.
    pub memory_limit_bytes: usize,
    /// Folders below which `file://` locations are allowed to users who are not superusers.
    pub allowed_paths: Vec<PathBuf>,
    /// Cores that plans and training may use.
    pub cpu_threads: usize,
}

impl EngineConfig {
    /// Half of the machine's memory and all of its cores.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            memory_limit_bytes: machine_memory_bytes() / 2,
            allowed_paths: Vec::new(),
            cpu_threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Physical memory, or the limit of the control group where that is lower; 4 GiB where neither can be read.
fn machine_memory_bytes() -> usize {
    let total = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kibibytes| kibibytes * 1024)
    });
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    match (total, group) {
        (Some(total), Some(group)) => total.min(group),
        (Some(bytes), None) | (None, Some(bytes)) => bytes,
        (None, None) => 4 << 30,
    }
}
