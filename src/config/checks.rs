//! What the texts in an action may be. Modest on purpose: whoever uses them has the last word.

/// `user@host`, or `name <user@host>`.
pub(super) fn mail_address(text: &str) -> Result<String, String> {
    let wrong = |why: &str| Err(format!("{text:?} is no mail address: {why}"));
    if text.chars().any(char::is_control) {
        return wrong("it has a control character in it");
    }
    let address = match text.trim().strip_suffix('>') {
        Some(start) => match start.rsplit_once('<') {
            Some((_, address)) => address,
            None => return wrong("the < is missing"),
        },
        None => text.trim(),
    };
    let Some((user, host)) = address.rsplit_once('@') else {
        return wrong("the @ is missing; write user@host or Name <user@host>");
    };
    let quoted = user.len() > 2 && user.starts_with('"') && user.ends_with('"');
    let dotted = user.split('.').all(|part| !part.is_empty() && part.chars().all(is_mail_character));
    if !quoted && !dotted {
        return wrong("what stands before the @ is no user");
    }
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if literal.is_none() && host_name(host).is_err() {
        return wrong("what stands after the @ is no host");
    }
    Ok(text.trim().to_owned())
}

fn is_mail_character(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || (!c.is_ascii() && !c.is_whitespace())
}

/// The name or the IP address of a server.
pub(super) fn host(text: &str) -> Result<String, String> {
    let address = text.parse::<std::net::IpAddr>().map(|_| ());
    match address.or_else(|_| host_name(text)) {
        Ok(()) => Ok(text.to_owned()),
        Err(()) => Err(format!("{text:?} is no host name and no IP address; the port has a key of its own")),
    }
}

fn host_name(text: &str) -> Result<(), ()> {
    let label = |label: &str| {
        let allowed = label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        !label.is_empty() && allowed && !label.starts_with('-') && !label.ends_with('-')
    };
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() <= 253 && text.split('.').all(label) { Ok(()) } else { Err(()) }
}

/// Anything but nothing.
pub(super) fn not_empty(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// The name of an environment variable. The error leaves the text out: it may be the password itself.
pub(super) fn variable(text: &str) -> Result<String, String> {
    let allowed = !text.is_empty() && !text.contains(['=', '\0', ' ']);
    if allowed { Ok(text.to_owned()) } else { Err("it is no name of an environment variable".to_owned()) }
}

/// `arn:aws:sns:eu-central-1:123456789012:name`.
pub(super) fn sns_topic(text: &str) -> Result<String, String> {
    const SHAPE: &str = "it reads arn:aws:sns:region:account:name, such as \
                         \"arn:aws:sns:eu-central-1:123456789012:lastWill\"";
    let parts: Vec<&str> = text.split(':').collect();
    let [arn, partition, service, area, account, name] = parts[..] else {
        return Err(format!("{text:?} is no ARN of an SNS topic: {SHAPE}"));
    };
    let start = name.strip_suffix(".fifo").unwrap_or(name);
    let fits = arn == "arn"
        && (partition == "aws" || partition.starts_with("aws-"))
        && service == "sns"
        && region(area).is_ok()
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && !start.is_empty()
        && name.len() <= 256
        && start.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if fits { Ok(text.to_owned()) } else { Err(format!("{text:?} is no ARN of an SNS topic: {SHAPE}")) }
}

/// `eu-central-1`.
pub(super) fn region(text: &str) -> Result<String, String> {
    let allowed = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if allowed && text.contains('-') {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is no region, such as \"eu-central-1\""))
    }
}

/// The subject of a mail from SNS: up to 100 characters on one line (Amazon SNS API reference, "Publish").
pub(super) fn sns_subject(text: &str) -> Result<String, String> {
    match text {
        "" => Err("it is empty".to_owned()),
        _ if text.chars().count() > 100 => Err("SNS takes no more than 100 characters".to_owned()),
        _ if text.chars().any(char::is_control) => Err("SNS takes no line breaks and no control characters".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// `https://…` or `http://…`. The error leaves the URL out: many carry a token.
pub(super) fn web_url(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).map_err(|error| format!("it is no URL: {error}"))?;
    match url.scheme() {
        "https" | "http" if url.has_host() => Ok(text.to_owned()),
        scheme => Err(format!("a webhook's URL begins with https:// or http://, not with {scheme}:")),
    }
}

/// The name and the value of an HTTP header. The error leaves the value out: it may be a token.
pub(super) fn header(name: &str, value: &str) -> Result<(String, String), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(format!("{name:?} is no name of an HTTP header"));
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err("a header's value has no line breaks and no control characters".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in [
            "ops@example.com",
            "root@localhost",
            "Night Shift <night.shift+lwt@mail.example.com>",
            "\"a b\"@example.com",
            "ops@[127.0.0.1]",
            "jürgen@bücher.example",
        ] {
            assert!(mail_address(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ops",
            "@example.com",
            "ops@",
            "ops@exa mple.com",
            "a b@example.com",
            "a..b@example.com",
            "ops@example..com",
            "ops@-x",
            "ops@example.com>",
            "ops@example.com\nBcc: all@example.com",
            "a@b, c@d",
        ] {
            assert!(mail_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_sns_topic_has_six_parts() {
        for good in ["arn:aws:sns:eu-central-1:123456789012:lastWill", "arn:aws-cn:sns:cn-north-1:123456789012:a.fifo"]
        {
            assert!(sns_topic(good).is_ok(), "{good}");
        }
        for bad in [
            "lastWill",
            "arn:aws:sqs:eu-central-1:123456789012:lastWill",
            "arn:aws:sns:eu-central-1:12345:lastWill",
            "arn:aws:sns:eu-central-1:123456789012:",
            "arn:aws:sns:eu-central-1:123456789012:a:1234",
        ] {
            assert!(sns_topic(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_web_url_and_its_headers_are_checked_and_not_repeated() {
        assert!(web_url("https://example.com/hook/token").is_ok());
        for bad in ["ftp://example.com/secret", "example.com/secret", "mailto:secret@x", "https://"] {
            let why = web_url(bad).unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
        assert!(header("Authorization", "Bearer x").is_ok());
        assert!(!header("X-Key", "secret\r\nHost: x").unwrap_err().contains("secret"));
        assert!(header("X Key", "").is_err());
    }
}
