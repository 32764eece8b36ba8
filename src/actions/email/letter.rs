//! What a mail says.

use crate::actions::{Failed, Group, Job, progress, words};
use crate::rules::{Email, Template, TemplateError};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes, Message, MessageBuilder, header};
use lettre::{Address, message::SinglePart};
use std::time::{Duration, UNIX_EPOCH};

/// How many events one mail tells of in detail.
const LINES: usize = 200;

/// How many letters of a subject are kept.
const SUBJECT: usize = 200;

/// How many bytes the text may have.
const TEXT: usize = 256 * 1024;

/// A mail, ready to be sent.
#[derive(Debug)]
pub struct Letter {
    /// The sender of the envelope.
    pub from: Address,
    /// The recipients of the envelope.
    pub to: Vec<Address>,
    /// The message with its headers.
    pub text: Vec<u8>,
}

impl Letter {
    /// The mail about `group`: the same one, with the same Message-ID, at each attempt, so that a server that took it and
    /// could not say so any more may know it again.
    pub fn compose(email: &Email, group: &Group) -> Result<Self, Failed> {
        let from = mailbox(&email.from, "from")?;
        let to = email.to.iter().map(|to| mailbox(to, "to")).collect::<Result<Vec<Mailbox>, Failed>>()?;
        let subject = subject(email, group)?;
        let text = text(email, group)?;
        let id = format!("<{:016x}.lwtop@{}>", progress::key(group), from.email.domain());
        // When it happened, however late the mail goes out.
        let at = group.jobs.last().map_or(0, |job| job.at.as_micros());
        let letter = (from.email.clone(), to.iter().map(|to| to.email.clone()).collect());
        let message = builder(from, to)
            .subject(subject)
            .date(UNIX_EPOCH + Duration::from_micros(at))
            .message_id(Some(id))
            .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text))
            .map_err(|error| Failed::for_good(format!("the mail cannot be put together: {error}")))?;
        Ok(Self { from: letter.0, to: letter.1, text: message.formatted() })
    }

    /// Whether text and addresses are all ASCII; only addresses can make it otherwise, all else is encoded.
    pub fn is_ascii(&self) -> bool {
        let ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        self.text.is_ascii() && ascii(&self.from) && self.to.iter().all(ascii)
    }
}

fn builder(from: Mailbox, to: Vec<Mailbox>) -> MessageBuilder {
    // RFC 3834: nobody's holiday answers to it.
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let to: Mailboxes = to.into_iter().collect();
    Message::builder().from(from).mailbox(header::To::from(to)).raw_header(automatic)
}

fn mailbox(text: &str, key: &str) -> Result<Mailbox, Failed> {
    text.parse().map_err(|error| {
        let text = words::clean(text, SUBJECT);
        Failed::for_good(format!(
            "{text:?} in `{key}` is no mail address ({error}): write ada@example.com or Ada <ada@example.com>"
        ))
    })
}

/// One line, whatever is in the payload: a line break would begin another header.
fn subject(email: &Email, group: &Group) -> Result<String, Failed> {
    let Some(template) = &email.subject else {
        return Ok(format!("[lwtop] {}", words::headline(group)));
    };
    // The first for which there is one: a hole in one event is no reason to be silent about the others.
    let mut rendered = group.jobs.iter().take(LINES).map(|job| job.render(template));
    let first = match rendered.next() {
        Some(Err(error)) => rendered.find_map(Result::ok).ok_or_else(|| hole("subject", &error))?,
        Some(Ok(first)) => first,
        None => words::headline(group),
    };
    let first = words::clean(&first, SUBJECT);
    Ok(match group.len() {
        0 | 1 => first,
        events => format!("{first} and {} more", words::count(events - 1)),
    })
}

fn text(email: &Email, group: &Group) -> Result<String, Failed> {
    let text = match (&email.body, &group.jobs[..]) {
        (None, [job]) if group.more == 0 => {
            format!("{}\n\n{}", words::headline(group), words::story(job))
        }
        (None, [job, ..]) => format!(
            "{}\n\n{}\n\nThe first of them:\n\n{}",
            words::headline(group),
            words::roll(group, LINES),
            words::story(job)
        ),
        (_, []) => words::headline(group),
        (Some(template), jobs) => own_text(template, jobs, group)?,
    };
    Ok(bounded(text))
}

/// The text of each event in turn.
fn own_text(template: &Template, jobs: &[Job], group: &Group) -> Result<String, Failed> {
    let mut texts = Vec::new();
    let mut holes = 0;
    let mut size = 0;
    for job in jobs.iter().take(LINES) {
        let text = match job.render(template) {
            Ok(text) => text,
            // For want of a text of its own it is told in the usual words.
            Err(error) => {
                holes += 1;
                if holes == jobs.len().min(LINES) {
                    return Err(hole("body", &error));
                }
                format!("{} ({error})", words::subject(job))
            }
        };
        size += text.len();
        texts.push(text);
        if size > TEXT {
            break;
        }
    }
    let rest = group.len() - texts.len() as u64;
    if rest > 0 {
        texts.push(format!("and {} more", words::count(rest)));
    }
    Ok(texts.join("\n\n"))
}

fn hole(what: &str, error: &TemplateError) -> Failed {
    Failed::for_good(format!("the mail's {what} cannot be made: {error}"))
}

/// The beginning of a text that is too long for a mail. Control characters go: some mail readers obey them.
fn bounded(mut text: String) -> String {
    text.retain(|letter| !letter.is_control() || matches!(letter, '\n' | '\t'));
    if text.len() > TEXT {
        let whole = (0..=TEXT).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(whole.unwrap_or_default());
        text.push_str("\n… (cut off here)");
    }
    text
}
