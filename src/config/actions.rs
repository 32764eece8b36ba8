//! `[[rules.actions]]` and `[rules.error_action]`: the keys of each type of action.

use super::error::did_you_mean;
use super::reader::Keys;
use super::{checks, fields};
use crate::mqtt::TopicName;
use crate::rules::{
    Action, Command, Desktop, Email, File, Kind, MailSecurity, Pace, Republish, Secret, Sns, SnsFormat, Template,
    Webhook,
};
use std::path::PathBuf;
use std::time::Duration;

/// Every type, as it is written.
pub(super) const TYPES: [&str; 7] = ["republish", "desktop", "email", "sns", "webhook", "command", "file"];

const TEMPLATE: &str = "text in quotes";
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60 * 60);
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
const MOST_RETRIES: u64 = 100;
const MOST_EVENTS: u64 = 1_000_000;

/// One action; `None` if there is a fault in it.
pub(super) fn action(keys: &mut Keys<'_, '_>) -> Option<Action> {
    let name = keys.text("type", "the type of an action in quotes", |text| {
        TYPES.into_iter().find(|name| *name == text).ok_or_else(|| {
            let near = did_you_mean(text, &TYPES);
            let stop = if near.is_empty() { "." } else { "" };
            format!("there is no action {text:?}{near}{stop} There are: {}", TYPES.join(", "))
        })
    });
    let Some(name) = keys.needed("type", name) else {
        keys.any();
        return None;
    };
    let kind = match name {
        "republish" => republish(keys),
        "desktop" => Some(desktop(keys)),
        "email" => email(keys),
        "sns" => sns(keys),
        "webhook" => webhook(keys),
        "command" => command(keys),
        _ => file(keys),
    };
    // Read even where the rest is wrong, for its faults.
    let pace = pace(keys, kind.as_ref().map(Kind::pace));
    if name == "command" {
        for key in ["group", "most"].into_iter().filter(|key| keys.has(key)).collect::<Vec<_>>() {
            keys.fault_in(key, format!("a command runs once for each event: leave {key} out"));
        }
    }
    Some(Action { kind: kind?, pace: pace? })
}

/// How an action is paced; what is not written is as `usual`.
fn pace(keys: &mut Keys<'_, '_>, usual: Option<Pace>) -> Option<Pace> {
    let timeout = keys.read("timeout", fields::duration::deserialize);
    if timeout.is_some_and(|timeout| timeout.is_zero() || timeout > LONGEST_TIMEOUT) {
        keys.fault_in("timeout", "it must be more than 0s and no more than 1h");
    }
    let retries = keys.read("retries", |from| fields::whole(from, "a whole number from 0 to 100", MOST_RETRIES));
    let mut wait = |key| {
        let wait = keys.read(key, fields::duration::deserialize);
        if wait.is_some_and(|wait| wait > LONGEST_WAIT) {
            keys.fault_in(key, "it must be no more than 24h");
        }
        wait
    };
    let (group, cooldown) = (wait("group"), wait("cooldown"));
    let most = keys.read("most", |from| fields::whole(from, "a whole number from 1 to 1000000", MOST_EVENTS));
    if most == Some(0) {
        keys.fault_in("most", "a group has at least 1 event");
    }
    let usual = usual?;
    Some(Pace {
        timeout: timeout.unwrap_or(usual.timeout),
        retries: retries.and_then(|number| u32::try_from(number).ok()).unwrap_or(usual.retries),
        group: group.unwrap_or(usual.group),
        cooldown: cooldown.unwrap_or(usual.cooldown),
        most: most.and_then(|number| usize::try_from(number).ok()).unwrap_or(usual.most),
    })
}

/// Republishes to `topic`, at QoS 0: the short form.
pub(super) fn republish_to(topic: Template) -> Action {
    let (qos, retain, user_properties) = (crate::mqtt::Qos::default(), false, Vec::new());
    Kind::Republish(Republish { topic, qos, retain, user_properties }).into()
}

/// A topic to republish to. Of one with placeholders, only what stands around them is known before there is a message.
pub(super) fn topic(text: &str) -> Result<Template, String> {
    let template = template(text)?;
    if let Some(literal) = template.as_literal() {
        let topic = literal.strip_prefix('$').filter(|rest| rest.starts_with('$')).unwrap_or(literal);
        topic.parse::<TopicName>().map_err(|error| error.to_string())?;
    } else {
        for part in template.literals() {
            part.parse::<TopicName>().map_err(|error| error.to_string())?;
        }
    }
    Ok(template)
}

fn template(text: &str) -> Result<Template, String> {
    text.parse::<Template>().map_err(|error| {
        let hint = error.advice().map_or_else(String::new, |hint| format!("; {hint}"));
        format!("a placeholder ${{…}} in it is wrong: {}{hint}", error.why())
    })
}

fn republish(keys: &mut Keys<'_, '_>) -> Option<Kind> {
    let topic = keys.text("topic", "a topic in quotes", topic);
    let topic = keys.needed("topic", topic);
    let qos = keys.read("qos", fields::qos::deserialize).unwrap_or_default();
    let retain = keys.plain("retain").unwrap_or_default();
    let properties = keys.pairs("user_properties", |name, text| Ok((name.to_owned(), template(text)?)));
    let user_properties = properties.unwrap_or_default();
    Some(Kind::Republish(Republish { topic: topic?, qos, retain, user_properties }))
}

fn desktop(keys: &mut Keys<'_, '_>) -> Kind {
    let (title, body) = (keys.text("title", TEMPLATE, template), keys.text("body", TEMPLATE, template));
    Kind::Desktop(Desktop { title, body })
}

fn email(keys: &mut Keys<'_, '_>) -> Option<Kind> {
    let from = keys.text("from", "an address in quotes", checks::mail_address);
    let from = keys.needed("from", from);
    let to = keys.list("to", checks::mail_address);
    let to = keys.needed("to", to);
    if to.as_ref().is_some_and(Vec::is_empty) {
        keys.fault_in("to", "it is empty; a mail needs somebody to go to");
    }
    let subject = keys.text("subject", TEMPLATE, template);
    let body = keys.text("body", TEMPLATE, template);
    let host = keys.text("host", "the mail server's name or address in quotes", checks::host);
    let host = keys.needed("host", host);
    let port = keys.read("port", |from| fields::whole(from, "a port from 1 to 65535", u64::from(u16::MAX)));
    if port == Some(0) {
        keys.fault_in("port", "a port is a whole number from 1 to 65535");
    }
    let security = keys.text("security", "\"starttls\", \"tls\" or \"none\"", |text| match text {
        "starttls" => Ok(MailSecurity::StartTls),
        "tls" => Ok(MailSecurity::Tls),
        "none" => Ok(MailSecurity::None),
        _ => Err(format!("{text:?} is not \"starttls\", \"tls\" or \"none\"")),
    });
    let user = keys.text("user", "a user's name in quotes", checks::not_empty);
    let password = password(keys);
    // A literal password has a fault of its own: it counts as one here.
    let has_password = ["password_env", "password_file", "password"].into_iter().any(|key| keys.has(key));
    match (keys.has("user"), has_password) {
        (true, false) => keys.fault_in("user", "a user needs a password: set password_env or password_file"),
        (false, true) => keys.fault("a password needs a user: set user"),
        _ => {}
    }
    Some(Kind::Email(Box::new(Email {
        from: from?,
        to: to?,
        subject,
        body,
        host: host?,
        port: port.and_then(|port| u16::try_from(port).ok()),
        security: security.unwrap_or_default(),
        user,
        password,
    })))
}

/// Where the password is. In the file itself it would be read by whoever reads the file, and sent along with it.
fn password(keys: &mut Keys<'_, '_>) -> Option<Secret> {
    if keys.has("password") {
        keys.tolerate("password");
        let why = "a password does not belong into this file: name the environment variable that has it with \
                   password_env, or the file with password_file";
        keys.fault_in("password", why);
    }
    let variable = keys.text("password_env", "the name of an environment variable in quotes", checks::variable);
    let file = keys.text("password_file", "the path of a file in quotes", checks::not_empty);
    if keys.has("password_env") && keys.has("password_file") {
        keys.fault_in("password_file", "there are two passwords: leave out password_env or password_file");
    }
    variable.map(Secret::Environment).or_else(|| Some(Secret::File(PathBuf::from(file?))))
}

fn sns(keys: &mut Keys<'_, '_>) -> Option<Kind> {
    let target = keys.text("target", "the ARN of an SNS topic in quotes", checks::sns_topic);
    let target = keys.needed("target", target);
    let region = keys.text("region", "a region in quotes", checks::region);
    let subject = keys.text("subject", "text in quotes", checks::sns_subject);
    let format = keys.text("format", "\"RAW\" or \"JSON\"", |text| match text {
        "RAW" => Ok(SnsFormat::Raw),
        "JSON" => Ok(SnsFormat::Json),
        _ => Err(format!("{text:?} is not \"RAW\" or \"JSON\"")),
    });
    Some(Kind::Sns(Sns { target: target?, region, subject, format: format.unwrap_or_default() }))
}

fn webhook(keys: &mut Keys<'_, '_>) -> Option<Kind> {
    let url = keys.text("url", "a URL in quotes", checks::web_url);
    let url = keys.needed("url", url);
    let headers = keys.pairs("headers", checks::header).unwrap_or_default();
    let body = keys.text("body", TEMPLATE, template);
    Some(Kind::Webhook(Webhook { url: url?, headers, body }))
}

fn command(keys: &mut Keys<'_, '_>) -> Option<Kind> {
    let argv = keys.list("argv", template);
    let argv = keys.needed("argv", argv)?;
    match argv.first().map(Template::as_literal) {
        None => keys.fault_in("argv", "it is empty; name the program, then its arguments"),
        Some(Some("")) => keys.fault_in("argv", "the program's name is empty"),
        // Whoever can publish would choose what runs here.
        Some(None) => keys.fault_in("argv", "the program's name has a placeholder; only its arguments may have some"),
        Some(Some(_)) => {}
    }
    Some(Kind::Command(Command { argv }))
}

fn file(keys: &mut Keys<'_, '_>) -> Option<Kind> {
    let path = keys.text("path", "the path of a file in quotes", checks::not_empty);
    Some(Kind::File(File { path: keys.needed("path", path)?.into() }))
}
