//! Plays a scenario without a screen, and tells what happens.

use super::buffer::Batch;
use super::stream::{End, tell_unread};
use super::writer::Writer;
use crate::hub::Runtime;
use crate::scenario::{Ending, Entry, Player, State, Step, words};
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

/// The width of a text.
const WIDTH: usize = 78;

/// How long something has to take to be worth a word.
const NOTABLE: Duration = Duration::from_millis(100);

/// How to tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a person.
    Text,
    /// One JSON object a line.
    Json,
}

/// Prints what the scenario that `runtime` plays does, until it has ended or `stop` resolves, then ends all parts in order.
/// Notices go to `log`.
///
/// # Errors
/// When the hub cannot go on or the output cannot be written; a reader that goes away is no error, but it ends the play.
pub async fn run(
    mut runtime: Runtime,
    format: Format,
    out: impl Write + Send + 'static,
    mut log: impl Write,
    stop: impl Future<Output = ()>,
) -> Result<Ending, End> {
    let mut writer = Writer::start(out).map_err(End::Output)?;
    let mut account = Account { format, printed: 0, told: true, text: String::new() };
    let result = drive(&mut runtime, &mut account, &mut writer, &mut log, stop).await;
    if result.is_ok() {
        runtime.flush();
        for notice in runtime.finish_actions().await.notices {
            let _ = writeln!(log, "lwtop: {notice}");
        }
    }
    let unread = writer.finish(account.take()).await.inspect(|unread| tell_unread(*unread, &mut log));
    runtime.stop().await;
    let ending = result?;
    unread.map_err(End::Output)?;
    Ok(ending)
}

async fn drive(
    runtime: &mut Runtime,
    account: &mut Account,
    writer: &mut Writer,
    log: &mut impl Write,
    stop: impl Future<Output = ()>,
) -> Result<Ending, End> {
    tokio::pin!(stop);
    if let Some(player) = &runtime.view().2.lesson {
        account.title(player);
    }
    loop {
        let turn = tokio::select! {
            turn = runtime.turn() => turn?,
            () = &mut stop => {
                let ending = Ending { stopped: Some("interrupted".to_owned()), ..ending_of(runtime) };
                account.end(&ending);
                return Ok(ending);
            }
        };
        for notice in &turn.notices {
            // A log that cannot be written must not end the play.
            let _ = writeln!(log, "lwtop: {notice}");
        }
        let ended = runtime.view().2.lesson.as_ref().is_none_or(|player| {
            account.entries(player);
            player.state() == State::Ended
        });
        if ended {
            let ending = ending_of(runtime);
            account.end(&ending);
            return Ok(ending);
        }
        if !account.text.is_empty() {
            let room = tokio::select! {
                room = writer.room() => room,
                () = &mut stop => None,
            };
            let Some(room) = room else {
                return Ok(Ending { stopped: Some("interrupted".to_owned()), ..ending_of(runtime) });
            };
            room.send(account.take());
        }
    }
}

fn ending_of(runtime: &mut Runtime) -> Ending {
    runtime.view().2.lesson.as_ref().map(|player| player.ending().clone()).unwrap_or_default()
}

/// What is told.
struct Account {
    format: Format,
    /// How many entries were told.
    printed: usize,
    /// Whether a text was told last: what follows is set off from it.
    told: bool,
    text: String,
}

impl Account {
    fn line(&mut self, line: impl std::fmt::Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{line}");
    }

    /// What was told since the last time.
    fn take(&mut self) -> Batch {
        let text = std::mem::take(&mut self.text);
        Batch { lines: text.lines().count() as u64, text: text.into_bytes() }
    }

    fn title(&mut self, player: &Player) {
        let scenario = player.scenario();
        match self.format {
            Format::Text => {
                self.line(&scenario.title);
                self.paragraphs(&scenario.summary, "");
            }
            Format::Json => self.line(json!({
                "event": "scenario", "name": player.name(), "title": scenario.title, "summary": scenario.summary,
                "steps": scenario.steps.len(),
            })),
        }
    }

    fn entries(&mut self, player: &Player) {
        for entry in player.log().iter().skip(self.printed) {
            match self.format {
                Format::Text => self.entry(player, entry),
                Format::Json => self.object(player, entry),
            }
        }
        self.printed = player.log().len();
    }

    fn entry(&mut self, player: &Player, entry: &Entry) {
        let tells = matches!(entry, Entry::Said(_));
        if tells || self.told {
            self.line("");
        }
        self.told = tells;
        match entry {
            Entry::Said(step) => self.paragraphs(said(player, *step), "  "),
            Entry::Did { text, .. } => self.line(format_args!("→ {text}")),
            Entry::Judged { step, text, met, found, after } => {
                let (mark, place) = if *met { ('✔', String::new()) } else { ('✖', format!("step {}: ", step + 1)) };
                self.line(format_args!("{mark} {place}{text}"));
                let after = if *after < NOTABLE { String::new() } else { format!(", after {}", words::span(*after)) };
                if !*met || !after.is_empty() || !text.ends_with(found.as_str()) {
                    self.line(format_args!("    {found}{after}"));
                }
            }
        }
    }

    fn object(&mut self, player: &Player, entry: &Entry) {
        self.line(match entry {
            Entry::Said(step) => json!({ "event": "say", "step": step + 1, "text": said(player, *step) }),
            Entry::Did { step, text } => json!({ "event": "did", "step": step + 1, "text": text }),
            Entry::Judged { step, text, met, found, after } => json!({
                "event": "expectation", "step": step + 1, "text": text, "met": met, "found": found,
                "after_ms": after.as_millis(),
            }),
        });
    }

    fn end(&mut self, ending: &Ending) {
        let Ending { met, not_met, stopped } = ending;
        match self.format {
            Format::Text => {
                self.line("");
                let expectations = if *met == 1 { "expectation" } else { "expectations" };
                self.line(format_args!("{met} {expectations} met, {not_met} not."));
                if let Some(why) = stopped {
                    self.line(format_args!("Stopped before the end: {why}."));
                }
            }
            Format::Json => {
                let stopped = stopped.as_deref();
                self.line(json!({ "event": "end", "met": met, "not_met": not_met, "stopped": stopped }));
            }
        }
    }

    /// Paragraphs in lines, each `indent` in.
    fn paragraphs(&mut self, text: &str, indent: &str) {
        for line in lines(text, WIDTH - indent.len()) {
            self.line(format_args!("{}", format!("{indent}{line}").trim_end()));
        }
    }
}

fn said(player: &Player, step: usize) -> &str {
    match player.scenario().steps.get(step) {
        Some(Step::Say { text, .. }) => text,
        _ => "",
    }
}

/// `text` in lines of at most `width` characters, broken between words; an empty line between two paragraphs.
fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, paragraph) in text.split("\n\n").enumerate() {
        if index > 0 {
            lines.push(String::new());
        }
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_broken_between_words() {
        assert_eq!(lines("one two three\n\nfour", 9), ["one two", "three", "", "four"]);
    }
}
