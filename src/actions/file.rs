//! `file`: appends one JSON line for each event; [`json`] says what is in it.

use super::{Attempt, Deliver, Failed, Group, json};
use crate::rules::File;
use std::fs::{Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Appends to one file, which is opened anew each time: it may be moved away or deleted at any moment.
#[derive(Debug)]
pub(super) struct Appender {
    path: PathBuf,
}

impl Appender {
    pub(super) fn new(file: &File) -> Self {
        Self { path: file.path.clone() }
    }
}

impl Deliver for Appender {
    fn deliver<'a>(&'a self, group: &'a Group) -> Attempt<'a> {
        Box::pin(async move {
            let (path, lines) = (self.path.clone(), lines(group));
            // A disk may take its time, and must not take the runtime's.
            match tokio::task::spawn_blocking(move || append(&path, &lines)).await {
                Ok(written) => written.map_err(|error| Failed::for_now(explain(&self.path, &error))),
                Err(_) => Err(Failed::for_now("lwtop ended before it was written")),
            }
        })
    }
}

fn lines(group: &Group) -> Vec<u8> {
    let mut lines = String::new();
    for job in &group.jobs {
        lines.push_str(&json::event(job).to_string());
        lines.push('\n');
    }
    lines.into_bytes()
}

/// All lines in one write, so that no other writer's line comes between.
fn append(path: &Path, lines: &[u8]) -> io::Result<()> {
    // To open a pipe that nobody reads would wait for ever.
    if path.metadata().is_ok_and(|metadata| is_pipe(&metadata)) {
        return Err(io::Error::other("it is a named pipe, not a file; name another path"));
    }
    OpenOptions::new().append(true).create(true).open(path)?.write_all(lines)
}

#[cfg(unix)]
fn is_pipe(metadata: &Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_: &Metadata) -> bool {
    false
}

fn explain(path: &Path, error: &io::Error) -> String {
    let shown = path.display();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
    match (error.kind(), folder) {
        (io::ErrorKind::NotFound, Some(folder)) => {
            format!("cannot append to {shown}: there is no folder {}; make it, or name another path", folder.display())
        }
        (io::ErrorKind::IsADirectory, _) => format!("cannot append to {shown}: it is a folder; name a file in it"),
        _ => format!("cannot append to {shown}: {error}"),
    }
}
