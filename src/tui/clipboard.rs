//! Copying. The terminal is asked to put a text into the person's clipboard (OSC 52 of xterm's control sequences): that
//! works over SSH and without a desktop, but a terminal may not know the sequence, or not allow it, and never answers. So the
//! desktop's own program is given the text as well, where there is one: `wl-copy`, `xclip`, `xsel` or `pbcopy`.
//!
//! Programs and not a library: on X11 and Wayland a text lives as long as the process that offers it, and these stay for it
//! when lwtop has ended; and they reach desktops whose clipboard needs a window of one's own.

use super::words::number;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The longest text: terminals take about 100 KB of base64, some a little less.
pub const LONGEST: usize = 72 * 1024;

/// How long a program may take. `wl-copy` waits for the desktop, and some desktops wait for a click.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// What is written to the terminal to copy `text`; `None` if it is longer than terminals take.
#[must_use]
pub fn sequence(text: &str) -> Option<String> {
    (text.len() <= LONGEST).then(|| format!("\x1b]52;c;{}\x07", STANDARD.encode(text)))
}

/// A program that puts what it reads into the clipboard.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Program {
    name: &'static str,
    path: PathBuf,
    arguments: &'static [&'static str],
}

/// The programs in the order in which they are tried; with the variable without which there is no such desktop.
const PROGRAMS: [(&str, &[&str], Option<&str>); 4] = [
    ("wl-copy", &["--type", "text/plain"], Some("WAYLAND_DISPLAY")),
    ("xclip", &["-selection", "clipboard", "-in"], Some("DISPLAY")),
    ("xsel", &["--clipboard", "--input"], Some("DISPLAY")),
    ("pbcopy", &[], None),
];

/// The desktop's clipboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Native(Vec<Program>);

impl Native {
    /// That of this process's environment, if there is one.
    #[must_use]
    pub fn of_environment() -> Option<Self> {
        Self::find(|name| std::env::var_os(name))
    }

    /// That of an environment with these variables.
    pub fn find(variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let folders: Vec<PathBuf> = std::env::split_paths(&variable("PATH")?).collect();
        let there = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let of = |&(name, arguments, needs): &(&'static str, &'static [&'static str], Option<&str>)| {
            // Asked first: where there is no such desktop, the start need not wait for a search through all folders.
            if !needs.is_none_or(there) {
                return None;
            }
            let path = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file())?;
            Some(Program { name, path, arguments })
        };
        let found: Vec<Program> = PROGRAMS.iter().filter_map(of).collect();
        (!found.is_empty()).then_some(Self(found))
    }

    /// Gives `text` to the first program that takes it within `patience`, and says which. Nothing of what they write reaches
    /// the terminal. Needs a tokio runtime.
    ///
    /// # Errors
    /// Why none took it, in words.
    pub async fn take(&self, text: &str, patience: Duration) -> Result<&'static str, String> {
        let mut failed = Vec::new();
        for program in &self.0 {
            let name = program.name;
            match tokio::time::timeout(patience, give(program, text)).await {
                Ok(Ok(())) => return Ok(name),
                Ok(Err(why)) => failed.push(format!("{name}: {why}")),
                Err(_) => failed.push(format!("{name} did not answer within {} s", patience.as_secs_f32())),
            }
        }
        Err(failed.join("; "))
    }
}

/// A program that is not done in time is ended when its future is dropped.
async fn give(program: &Program, text: &str) -> Result<(), String> {
    let mut command = Command::new(&program.path);
    command
        .args(program.arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    // What stays behind to offer the text is not to end with the terminal.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).await.map_err(|error| error.to_string())?;
        // Its end is where the text ends.
        drop(input);
    }
    let status = child.wait().await.map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("it ended with {status}")) }
}

/// What a person is told of a copy of `bytes` bytes: `native` is what came of the desktop's programs, `None` while that is not
/// known or there is none.
#[must_use]
pub fn told(bytes: usize, native: Option<&Result<&'static str, String>>) -> String {
    let (size, most) = (bytes / 1024, LONGEST / 1024);
    let (fits, bytes, size) = (bytes <= LONGEST, number(bytes), number(size));
    match (native, fits) {
        (None, true) => format!("{bytes} bytes given to the terminal's clipboard (OSC 52)"),
        (None, false) => format!("not copied: it has {size} KB, and terminals take {most} KB"),
        (Some(Ok(name)), true) => {
            format!("{bytes} bytes copied: {name} took them, and the terminal was asked to (OSC 52)")
        }
        (Some(Ok(name)), false) => format!("{bytes} bytes copied: {name} took them; terminals take {most} KB"),
        (Some(Err(why)), true) => format!("{bytes} bytes given to the terminal's clipboard (OSC 52) only: {why}"),
        (Some(Err(why)), false) => format!("not copied: it has {size} KB, terminals take {most} KB, and {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_reaches_the_terminal_as_it_is() {
        assert_eq!(sequence("é\x1b]0;x\x07").as_deref(), Some("\x1b]52;c;w6kbXTA7eAc=\x07"));
        assert_eq!(sequence(&"x".repeat(LONGEST + 1)), None);
    }

    #[cfg(unix)]
    mod programs {
        use super::*;
        use std::fs;
        use std::os::unix::fs::PermissionsExt;
        use std::path::Path;

        /// A folder of its own with these programs, shell scripts each.
        fn folder(name: &str, programs: &[(&str, &str)]) -> PathBuf {
            let folder = std::env::temp_dir().join(format!("lwtop-clipboard-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            for (name, script) in programs {
                let path = folder.join(name);
                fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            }
            folder
        }

        fn native(folder: &Path, desktop: &[&str]) -> Option<Native> {
            let path = folder.as_os_str().to_owned();
            Native::find(|name| match name {
                "PATH" => Some(path.clone()),
                other => desktop.contains(&other).then(|| "something".into()),
            })
        }

        #[tokio::test]
        async fn the_desktop_s_own_program_takes_the_text_whatever_is_in_it() {
            let folder = folder("takes", &[("wl-copy", "cat > \"$0.took\""), ("xclip", "cat > \"$0.took\"")]);
            assert_eq!(native(&folder, &[]), None, "without a desktop there is no clipboard");
            let text = "$(reboot); 'é'\n\x1b[2J".repeat(9_000);
            for (variable, name) in [("WAYLAND_DISPLAY", "wl-copy"), ("DISPLAY", "xclip")] {
                let native = native(&folder, &[variable]).unwrap();
                assert_eq!(native.take(&text, Duration::from_secs(20)).await, Ok(name));
                assert!(fs::read_to_string(folder.join(format!("{name}.took"))).unwrap() == text, "{name}");
            }
            fs::remove_dir_all(folder).unwrap();
        }

        #[tokio::test]
        async fn one_that_hangs_or_fails_is_left_for_the_next() {
            let folder =
                folder("fails", &[("wl-copy", "exec sleep 600"), ("xclip", "cat >&2; exit 3"), ("xsel", "exec cat")]);
            let all = native(&folder, &["WAYLAND_DISPLAY", "DISPLAY"]).unwrap();
            let text = "x".repeat(200_000);
            assert_eq!(all.take(&text, Duration::from_millis(300)).await, Ok("xsel"));
            fs::remove_file(folder.join("xsel")).unwrap();
            let rest = native(&folder, &["WAYLAND_DISPLAY", "DISPLAY"]).unwrap();
            let why = rest.take(&text, Duration::from_millis(300)).await.unwrap_err();
            assert!(why.contains("wl-copy did not answer within 0.3 s; xclip: it ended with"), "{why}");
            assert!(
                told(9, Some(&Err(why)))
                    .starts_with("9 bytes given to the terminal's clipboard (OSC 52) only: wl-copy")
            );
            fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn the_answer_says_who_took_it() {
        let long = LONGEST + 1;
        assert_eq!(told(9, None), "9 bytes given to the terminal's clipboard (OSC 52)");
        assert_eq!(told(long, None), "not copied: it has 72 KB, and terminals take 72 KB");
        let took = Ok("wl-copy");
        assert!(told(9, Some(&took)).contains("wl-copy took them, and the terminal"));
        assert!(!told(long, Some(&took)).contains("OSC 52"), "the terminal was not asked");
    }
}
