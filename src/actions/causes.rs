//! What stands behind an error.

use std::error::Error;

/// How deep causes are followed.
const DEPTH: usize = 16;

/// The error itself, then what caused it, and so on.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let next = |error: &&'a (dyn Error + 'static)| -> Option<&'a (dyn Error + 'static)> { (*error).source() };
    std::iter::successors(Some(error), next).take(DEPTH)
}
