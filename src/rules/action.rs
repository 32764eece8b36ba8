//! What a rule does when it fires, as data. The adapters in `actions/` do it.

use super::template::Template;
use crate::mqtt::{Qos, TopicName};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// One action of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// What it does.
    pub kind: Kind,
    /// How long it may take, how often it is tried and how many events it gathers.
    pub pace: Pace,
}

/// What an action does.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Publishes what the statement selects.
    Republish(Republish),
    /// Shows a notice on the desktop.
    Desktop(Desktop),
    /// Sends a mail.
    Email(Box<Email>),
    /// Publishes to an Amazon SNS topic.
    Sns(Sns),
    /// Sends an HTTP POST.
    Webhook(Webhook),
    /// Runs a program.
    Command(Command),
    /// Appends a line to a file.
    File(File),
}

/// How an action is paced. Events that come while it gathers, rests or works go into its next group: nothing is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How often a failed attempt is repeated.
    pub retries: u32,
    /// How long the first event of a group waits for others; zero for no longer than it takes to hand it over.
    pub group: Duration,
    /// The least time between the end of one group and the beginning of the next.
    pub cooldown: Duration,
    /// The most events in one group; 1 for each on its own.
    pub most: usize,
}

/// `republish` (AWS IoT developer guide, "Republish").
#[derive(Clone, Debug, PartialEq)]
pub struct Republish {
    /// Where to. `$$aws/…` stands for the reserved topic `$aws/…`.
    pub topic: Template,
    /// With which quality of service.
    pub qos: Qos,
    /// Whether the broker keeps it.
    pub retain: bool,
    /// User properties of MQTT 5, in order; left out on a 3.1.1 connection.
    pub user_properties: Vec<(String, Template)>,
}

/// `desktop`: without texts of its own it names device and cause.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desktop {
    /// The title.
    pub title: Option<Template>,
    /// What it says.
    pub body: Option<Template>,
}

/// `email`.
#[derive(Clone, Debug, PartialEq)]
pub struct Email {
    /// Who sends it: `name <address>` or an address.
    pub from: String,
    /// Who gets it; never empty.
    pub to: Vec<String>,
    /// The subject; without one, one like that of the article's mail.
    pub subject: Option<Template>,
    /// The text; without one, one that names device, cause and times.
    pub body: Option<Template>,
    /// The mail server's name or address.
    pub host: String,
    /// Its port; `None` for the usual one of the encryption.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: MailSecurity,
    /// Who lwtop says it is.
    pub user: Option<String>,
    /// Its password, or where it is.
    pub password: Option<Secret>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// TLS after STARTTLS; a server that does not offer it is refused.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// In the clear: for a server on this machine.
    None,
}

/// A secret that stands elsewhere: it is read when it is needed and never printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// In this environment variable.
    Environment(String),
    /// In this file, up to the end of its first line.
    File(PathBuf),
}

/// `sns` (AWS IoT developer guide, "SNS").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sns {
    /// The ARN of the topic.
    pub target: String,
    /// The region; without one, that of the ARN.
    pub region: Option<String>,
    /// The subject of mails that SNS makes of it.
    pub subject: Option<String>,
    /// How SNS reads the message.
    pub format: SnsFormat,
}

/// How SNS reads a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SnsFormat {
    /// As it is.
    #[default]
    Raw,
    /// One text for each protocol: an object with at least the string `default`.
    Json,
}

/// `webhook`.
#[derive(Clone, PartialEq)]
pub struct Webhook {
    /// `https://…` or `http://…`.
    pub url: String,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// What is sent; without one, a JSON object with rule, device, cause, times and message.
    pub body: Option<Template>,
}

/// `command`: a program with its arguments, never a shell's line.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The program and its arguments; never empty. Arguments are templates; what comes of one is one argument, whatever is
    /// in it.
    pub argv: Vec<Template>,
}

/// `file`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The file that a JSON line is appended to; made if it is not there.
    pub path: PathBuf,
}

impl fmt::Debug for Webhook {
    /// Without what may be a token: the URL's path and the values of headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        let host = url::Url::parse(&self.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        f.debug_struct("Webhook").field("host", &host).field("headers", &headers).field("body", &self.body).finish()
    }
}

impl Kind {
    /// The name in the configuration.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Republish(_) => "republish",
            Self::Desktop(_) => "desktop",
            Self::Email(_) => "email",
            Self::Sns(_) => "sns",
            Self::Webhook(_) => "webhook",
            Self::Command(_) => "command",
            Self::File(_) => "file",
        }
    }

    /// Every template in it.
    #[must_use]
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Republish(republish) => {
                let values = republish.user_properties.iter().map(|(_, value)| value);
                std::iter::once(&republish.topic).chain(values).collect()
            }
            Self::Desktop(desktop) => desktop.title.iter().chain(&desktop.body).collect(),
            Self::Email(email) => email.subject.iter().chain(&email.body).collect(),
            Self::Webhook(webhook) => webhook.body.iter().collect(),
            Self::Command(command) => command.argv.iter().collect(),
            Self::Sns(_) | Self::File(_) => Vec::new(),
        }
    }

    /// The environment variable that it reads a secret from.
    #[must_use]
    pub fn secret_variable(&self) -> Option<&str> {
        match self {
            Self::Email(email) => match email.password.as_ref()? {
                Secret::Environment(name) => Some(name),
                Secret::File(_) => None,
            },
            Self::Republish(_)
            | Self::Desktop(_)
            | Self::Sns(_)
            | Self::Webhook(_)
            | Self::Command(_)
            | Self::File(_) => None,
        }
    }

    /// Whom or what it reaches, for a person: a topic, an address. No secrets: a webhook is named by its host only, because
    /// many carry a token in their path.
    #[must_use]
    pub fn target(&self) -> String {
        match self {
            Self::Republish(republish) => republish.topic.to_string(),
            Self::Desktop(_) => "this desktop".to_owned(),
            Self::Email(email) => email.to.join(", "),
            Self::Sns(sns) => sns.target.clone(),
            Self::Webhook(webhook) => url::Url::parse(&webhook.url)
                .ok()
                .and_then(|url| url.host_str().map(str::to_owned))
                .unwrap_or_else(|| "a webhook".to_owned()),
            Self::Command(command) => command.argv.first().map_or_else(String::new, ToString::to_string),
            Self::File(file) => file.path.display().to_string(),
        }
    }

    /// Whether a person is told by it: the `notified` hop. What a webhook or a program does with it is its own affair, but
    /// somebody asked to be told.
    #[must_use]
    pub const fn notifies(&self) -> bool {
        !matches!(self, Self::Republish(_) | Self::File(_))
    }

    /// How it is paced unless the configuration says otherwise: people get one notice for many devices, machines get every
    /// event.
    #[must_use]
    pub const fn pace(&self) -> Pace {
        let seconds = Duration::from_secs;
        match self {
            Self::Desktop(_) => Pace {
                timeout: seconds(5),
                retries: 0,
                group: Duration::from_millis(100),
                cooldown: seconds(2),
                most: Pace::MANY,
            },
            Self::Email(_) | Self::Sns(_) => {
                Pace { timeout: seconds(20), retries: 3, group: seconds(2), cooldown: seconds(10), most: Pace::MANY }
            }
            Self::Webhook(_) => {
                Pace { timeout: seconds(10), retries: 3, group: Duration::ZERO, cooldown: Duration::ZERO, most: 1 }
            }
            Self::Republish(_) | Self::Command(_) | Self::File(_) => {
                Pace { timeout: seconds(10), retries: 0, group: Duration::ZERO, cooldown: Duration::ZERO, most: 1 }
            }
        }
    }
}

impl Pace {
    /// As many events in one group as come.
    pub const MANY: usize = usize::MAX;
}

impl From<Kind> for Action {
    /// With the usual pace.
    fn from(kind: Kind) -> Self {
        let pace = kind.pace();
        Self { kind, pace }
    }
}

impl Action {
    /// Republishes to `topic`, at QoS 0.
    #[must_use]
    pub fn republish(topic: &TopicName) -> Self {
        let topic = Template::literal(topic.as_str());
        let (qos, retain, user_properties) = (Qos::AtMostOnce, false, Vec::new());
        Kind::Republish(Republish { topic, qos, retain, user_properties }).into()
    }

    /// Shows the usual notice on the desktop.
    #[must_use]
    pub fn desktop() -> Self {
        Kind::Desktop(Desktop::default()).into()
    }
}
