//! How many devices fit into this process.

use crate::figures::grouped;

/// Descriptors that are not devices': standard streams, listeners, the link, the runtime, a few files.
const RESERVED: u64 = 64;

/// Raises the limit on open files to the hard limit, and returns what is in force.
#[must_use]
pub fn raise_open_files() -> u64 {
    // Failing leaves the soft limit, which `room` then goes by.
    rlimit::increase_nofile_limit(u64::MAX)
        .or_else(|_| rlimit::getrlimit(rlimit::Resource::NOFILE).map(|(soft, _)| soft))
        .unwrap_or(1_024)
}

/// How many devices fit when each costs `each` descriptors.
const fn most(open_files: u64, each: u64) -> u64 {
    open_files.saturating_sub(RESERVED) / each
}

/// How many more devices fit beside `present` ones when each costs `each` descriptors.
#[must_use]
pub fn left(open_files: u64, present: usize, each: u64) -> usize {
    usize::try_from(most(open_files, each)).unwrap_or(usize::MAX).saturating_sub(present)
}

/// Says whether `more` devices fit beside `present` ones when each costs `each` descriptors.
///
/// # Errors
/// A sentence with the numbers and the way out.
pub fn room(open_files: u64, present: usize, more: usize, each: u64) -> Result<(), String> {
    let most = most(open_files, each);
    let wanted = (present as u64).saturating_add(more as u64);
    if wanted <= most {
        return Ok(());
    }
    Err(format!(
        "{} more devices do not fit: {} devices at {each} open files each need {}, and {} are allowed (at most {} \
         devices); raise the limit (ulimit -Hn) or launch fewer",
        grouped(more as u64),
        grouped(wanted),
        grouped(wanted.saturating_mul(each).saturating_add(RESERVED)),
        grouped(open_files),
        grouped(most),
    ))
}

/// What a simulated device takes of memory: its task, its socket in the kernel, and what is known of it.
const EACH: u64 = 8 * 1024;

/// What one takes beside that, where the gateway and its broker are in this process as well: somebody else's broker behind
/// the gateway takes less.
const EACH_EMBEDDED: u64 = 48 * 1024;

/// The memory that is free, in bytes; `None` where the system does not say.
#[must_use]
pub fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Says whether `count` devices fit into `free` bytes of memory.
///
/// # Errors
/// A sentence with the numbers and the way out.
pub fn memory(free: Option<u64>, count: usize, gateway: bool) -> Result<(), String> {
    let Some(free) = free else { return Ok(()) };
    let each = if gateway { EACH + EACH_EMBEDDED } else { EACH };
    let (wanted, most) = ((count as u64).saturating_mul(each), free / each);
    if wanted <= free {
        return Ok(());
    }
    let way_out = if gateway { ", or give another --broker, which keeps its own share" } else { "" };
    Err(format!(
        "{} devices do not fit into memory: at about {} KB each they need {} MB, and {} MB are free (at most {} devices); \
         launch fewer{way_out}",
        grouped(count as u64),
        each / 1024,
        grouped(wanted >> 20),
        grouped(free >> 20),
        grouped(most),
    ))
}

/// How many connections there can be from one address to one broker: the ports that systems give out by themselves.
const PORTS: usize = 28_000;

/// Says whether `count` devices have a port each: to a broker on this machine they come from many addresses.
///
/// # Errors
/// A sentence with the numbers and the way out.
pub fn ports(count: usize, loopback: bool) -> Result<(), String> {
    if loopback || count <= PORTS {
        return Ok(());
    }
    Err(format!(
        "{} devices do not fit: from one address there are ports for about {} connections to the same broker; launch \
         fewer, or some of them on another machine",
        grouped(count as u64),
        grouped(PORTS as u64),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_ports_that_do_not_suffice_are_said_with_the_numbers() {
        assert_eq!((memory(None, usize::MAX, true), memory(Some(8 << 20), 1_024, false)), (Ok(()), Ok(())));
        let refusal = memory(Some(8 << 20), 1_025, false).unwrap_err();
        assert!(
            ["1 025 devices", "8 KB", "8 MB are free", "1 024 devices"].iter().all(|part| refusal.contains(part)),
            "{refusal}"
        );
        assert!(memory(Some(8 << 20), 1_024, true).unwrap_err().contains("--broker"));
        assert!(cfg!(not(target_os = "linux")) || free_memory().is_some_and(|free| free > 1 << 20));
        assert_eq!((ports(100_000, true), ports(28_000, false)), (Ok(()), Ok(())));
        assert!(ports(28_001, false).unwrap_err().contains("28 001 devices"));
    }

    #[test]
    fn a_fleet_that_does_not_fit_is_refused_with_the_numbers() {
        assert_eq!(room(1_024, 0, 240, 4), Ok(()));
        assert_eq!((left(1_024, 0, 4), left(1_024, 200, 4), left(1_024, 241, 4)), (240, 40, 0));
        let refusal = room(1_024, 200, 100, 4).unwrap_err();
        for number in ["100 more", "300 devices", "1 264", "1 024", "240 devices"] {
            assert!(refusal.contains(number), "{number} in {refusal}");
        }
        assert!(room(1_024, usize::MAX, usize::MAX, 4).is_err());
    }
}
