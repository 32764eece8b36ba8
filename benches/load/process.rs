//! A process that is measured: its processor time, its memory, its wake-ups.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

/// A program that runs until this is dropped.
pub struct Running(Child);

impl Running {
    pub const fn new(child: Child) -> Self {
        Self(child)
    }

    pub fn figures(&self) -> Figures {
        Figures(self.0.id())
    }

    pub const fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the kernel counts of a process.
#[derive(Clone, Copy, Debug)]
pub struct Figures(pub u32);

impl Figures {
    fn tasks(self) -> Result<Vec<PathBuf>> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.0)).context("measured on Linux only")?;
        Ok(tasks.filter_map(|task| Some(task.ok()?.path())).collect())
    }

    /// Processor time of all its threads since there was `before` of it.
    pub fn cpu_since(self, before: Duration) -> Result<Duration> {
        Ok(self.cpu()?.saturating_sub(before))
    }

    /// Processor time of all its threads.
    pub fn cpu(self) -> Result<Duration> {
        let time = |task: &Path| -> Option<u64> {
            // Nanoseconds on a processor are the first number.
            std::fs::read_to_string(task.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
        };
        Ok(Duration::from_nanos(self.tasks()?.iter().filter_map(|task| time(task)).sum()))
    }

    /// How often one of its threads waited for something and was woken.
    pub fn wakeups(self) -> Result<u64> {
        let count = |task: &Path| -> Option<u64> {
            let status = std::fs::read_to_string(task.join("status")).ok()?;
            status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?.trim().parse().ok()
        };
        Ok(self.tasks()?.iter().filter_map(|task| count(task)).sum())
    }

    /// Resident memory in KiB.
    pub fn rss(self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Waits until it does next to nothing any more: half a second with less than 5 ms of work.
    pub fn settle(self) -> Result<()> {
        let end = Instant::now() + Duration::from_secs(60);
        let mut before = self.cpu()?;
        while Instant::now() < end {
            std::thread::sleep(Duration::from_millis(500));
            if self.cpu_since(before)? < Duration::from_millis(5) {
                return Ok(());
            }
            before = self.cpu()?;
        }
        anyhow::bail!("it does not come to rest")
    }
}
