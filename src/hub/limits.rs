//! How many devices fit into this process.

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

/// Says whether `more` devices fit beside `present` ones when each costs `each` descriptors.
///
/// # Errors
/// A sentence with the numbers and the way out.
pub fn room(open_files: u64, present: usize, more: usize, each: u64) -> Result<(), String> {
    let most = open_files.saturating_sub(RESERVED) / each;
    let wanted = (present as u64).saturating_add(more as u64);
    if wanted <= most {
        return Ok(());
    }
    Err(format!(
        "{more} more devices do not fit: {wanted} devices at {each} open files each need {}, and {open_files} are allowed \
         (at most {most} devices); raise the limit (ulimit -Hn) or launch fewer",
        wanted.saturating_mul(each).saturating_add(RESERVED),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_that_does_not_fit_is_refused_with_the_numbers() {
        assert_eq!(room(1_024, 0, 240, 4), Ok(()));
        let refusal = room(1_024, 200, 100, 4).unwrap_err();
        for number in ["100 more", "300 devices", "1264", "1024", "240 devices"] {
            assert!(refusal.contains(number), "{number} in {refusal}");
        }
        assert!(room(1_024, usize::MAX, usize::MAX, 4).is_err());
    }
}
