//! A case: a statement of a specification, and the steps that show whether a broker keeps to it. Pure.

use super::step::Step;
use crate::mqtt::Protocol;
use serde::Deserialize;

/// The files with the cases that lwtop brings along.
const FILES: [(&str, &str); 3] = [
    ("v311.toml", include_str!("../../assets/conformance/v311.toml")),
    ("v5.toml", include_str!("../../assets/conformance/v5.toml")),
    ("aws.toml", include_str!("../../assets/conformance/aws.toml")),
];

/// A file of cases cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the cases of {file} cannot be read: {why}")]
pub struct CaseError {
    /// Its name.
    pub file: String,
    /// What is wrong with it, and where.
    pub why: String,
}

/// One statement and how it is tried.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Case {
    /// The name of the statement in its specification; unique among those of its version.
    pub id: String,
    /// Which specification.
    pub version: Version,
    /// Who has to keep to it.
    pub actor: Actor,
    /// How strong it is.
    pub kind: Kind,
    /// What it says, in own words.
    pub says: String,
    /// Where it is written.
    pub source: String,
    /// What is done and expected, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// The broker has to say in CONNACK that it is like this, or the case says nothing about it.
    pub needs: Option<Need>,
    /// The tests of this repository that try it, as `file: test`: those of the simulated device, mostly.
    #[serde(default)]
    pub tests: Vec<String>,
    /// Why no step can try it on just any broker.
    pub cannot: Option<String>,
}

/// The specification that a case is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum Version {
    /// MQTT 3.1.1.
    #[serde(rename = "3.1.1")]
    V311,
    /// MQTT 5.0.
    #[serde(rename = "5.0")]
    V5,
    /// What AWS IoT Core does beyond MQTT.
    #[serde(rename = "AWS-IoT")]
    Aws,
}

impl Version {
    /// The version that the steps speak.
    #[must_use]
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::V5 => Protocol::V5,
            Self::V311 | Self::Aws => Protocol::V311,
        }
    }

    /// As it is written in the files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V311 => "3.1.1",
            Self::V5 => "5.0",
            Self::Aws => "AWS-IoT",
        }
    }
}

/// Who has to keep to a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// The broker.
    Server,
    /// Whoever connects to it.
    Client,
}

/// How strong a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Numbered in its specification.
    Normative,
    /// A requirement without a number.
    NormativeUntagged,
    /// It follows from others.
    Derived,
    /// Advice inside a normative section.
    InformativeInSection,
    /// A comment.
    NonNormative,
    /// What one vendor documents.
    Vendor,
}

/// What the broker has to say of itself in CONNACK (5 section 3.2.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Maximum QoS 1 or 0.
    #[serde(rename = "no-qos2")]
    NoQos2,
    /// Retain Available 0.
    NoRetain,
}

impl Need {
    /// Why a broker that does not say so is not tried.
    #[must_use]
    pub const fn unmet(self) -> &'static str {
        match self {
            Self::NoQos2 => "the broker takes QoS 2",
            Self::NoRetain => "the broker takes retained messages",
        }
    }
}

/// How a case stands before a broker is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'c> {
    /// Its steps can be played.
    Playable,
    /// The tests of this repository try it.
    Tested(&'c [String]),
    /// It cannot be tried on just any broker: why.
    Cannot(&'c str),
}

impl Case {
    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing<'_> {
        match &self.cannot {
            Some(why) => Standing::Cannot(why),
            None if self.steps.is_empty() => Standing::Tested(&self.tests),
            None => Standing::Playable,
        }
    }

    /// The name that is unique among all: version and id.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.version.name(), self.id)
    }

    /// What contradicts itself in it.
    fn fault(&self) -> Option<String> {
        let ways = [!self.steps.is_empty(), !self.tests.is_empty(), self.cannot.is_some()];
        if ways.into_iter().filter(|way| *way).count() != 1 {
            return Some(format!("{} needs one of steps, tests and cannot", self.name()));
        }
        let mut known: Vec<&str> = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            let place = || format!("{}, step {}", self.name(), index + 1);
            if let Some(new) = step.makes() {
                if known.contains(&new) {
                    return Some(format!("{}: there is a client {new} already", place()));
                }
                known.push(new);
            }
            if let Some(who) = step.who().filter(|who| !known.contains(who)) {
                return Some(format!("{}: there is no client {who} yet", place()));
            }
        }
        None
    }
}

/// The cases that lwtop brings along.
///
/// # Errors
/// When a file of them cannot be read; a test holds them to it.
pub fn cases() -> Result<Vec<Case>, CaseError> {
    let mut all = Vec::new();
    for (file, text) in FILES {
        all.extend(read(file, text)?);
    }
    Ok(all)
}

/// Reads the cases of one file.
///
/// # Errors
/// When it is not TOML, or a case contradicts itself.
pub fn read(file: &str, text: &str) -> Result<Vec<Case>, CaseError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        case: Vec<Case>,
    }
    let error = |why: String| CaseError { file: file.to_owned(), why };
    let File { case: cases } = toml::from_str(text).map_err(|why| error(why.to_string()))?;
    if let Some(why) = cases.iter().find_map(Case::fault) {
        return Err(error(why));
    }
    let mut names: Vec<_> = cases.iter().map(Case::name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(error(format!("{} is there twice", pair[0]))),
        None => Ok(cases),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_case(steps: &str) -> String {
        format!(
            "[[case]]\nid = \"a\"\nversion = \"5.0\"\nactor = \"server\"\nkind = \"normative\"\nsays = \"b\"\n\
             source = \"c\"\nsteps = [{steps}]\n"
        )
    }

    #[test]
    fn a_case_that_contradicts_itself_is_refused() {
        let connect = r#"{ do = "connect", as = "C" }"#;
        for (steps, why) in [
            ("", "needs one of steps, tests and cannot"),
            (r#"{ do = "cut", who = "C" }"#, "step 1: there is no client C yet"),
            (&format!("{connect}, {connect}"), "step 2: there is a client C already"),
            (r#"{ do = "conect", as = "C" }"#, "unknown variant"),
            (r#"{ do = "connect", as = "C", klean = true }"#, "klean"),
            (r#"{ do = "connect", as = "C", will = { payloat = "gone" } }"#, "payloat"),
            (&format!("{connect}, {{ do = \"send\", who = \"C\", bytes = \"E1 0\" }}"), "hexadecimal"),
        ] {
            let error = read("test.toml", &one_case(steps)).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("test.toml"), "{steps}: {error}");
        }
        let twice = one_case(connect).repeat(2);
        assert!(read("test.toml", &twice).unwrap_err().to_string().contains("twice"));
    }

    #[test]
    fn all_cases_can_be_read() {
        let cases = cases().unwrap();
        assert!(cases.len() >= 75, "{}", cases.len());
    }
}
