//! The actions of rules with the real things at the other end: files, programs, web servers, a notification service.

// Other systems do not take their certificates from a file.
#[cfg(all(unix, not(target_os = "macos")))]
mod certificates;
#[cfg(unix)]
mod command;
#[cfg(all(unix, not(target_os = "macos")))]
mod desktop;
mod file;
#[path = "../support/job.rs"]
mod job;
mod scene;
mod server;
mod webhook;
