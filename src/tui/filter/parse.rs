//! From text to conditions.

use super::test::{Done, Is, Needle, Test};
use super::{Complaint, Term};
use crate::fleet::{Evidence, Hop, Origin};
use crate::mqtt::{Cause, Fault};

/// The names that a term may begin with.
const KEYS: [&str; 8] = ["id", "topic", "presence", "cause", "fault", "evidence", "missing", "origin"];

/// What causes are called beside their names and words.
const NICKNAMES: [(&str, Cause); 9] = [
    ("disconnect", Cause::ClientInitiatedDisconnect),
    ("clean", Cause::ClientInitiatedDisconnect),
    ("0x04", Cause::DisconnectWithWill),
    ("lost", Cause::ConnectionLost),
    ("timeout", Cause::KeepAliveTimeout),
    ("keepalive", Cause::KeepAliveTimeout),
    ("takeover", Cause::SessionTakenOver),
    ("duplicate", Cause::SessionTakenOver),
    ("broker", Cause::ServerInitiated),
];

/// The conditions in `text`, and what is wrong with the first that is none.
pub(super) fn terms(text: &str) -> (Vec<Term>, Option<Complaint>) {
    let (mut terms, mut complaint) = (Vec::new(), None);
    for Word { inverse, key, value, quoted } in words(text) {
        // A lone `!`, or quotes with nothing in them yet.
        if key.is_none() && value.is_empty() {
            continue;
        }
        let term = match &key {
            Some((key, sign)) => format!("{key}{sign}{value}"),
            None => value.clone(),
        };
        let read = match key {
            Some((key, sign)) if !quoted => condition(&key, sign, &value),
            _ => Ok(Test::Text(Needle::new(&value))),
        };
        match read {
            Ok(condition) => terms.push(Term { inverse, test: condition }),
            Err(why) => complaint = complaint.or(Some(Complaint { term, why })),
        }
    }
    (terms, complaint)
}

/// A word of the text: `!key:value`, or just a value.
#[derive(Debug, Default, PartialEq, Eq)]
struct Word {
    inverse: bool,
    key: Option<(String, char)>,
    value: String,
    /// Whether the whole of it stands in quotes: then nothing in it has a meaning.
    quoted: bool,
}

/// Words stand between spaces, unless these are in quotes. Quotes that do not end, end with the text.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut letters = text.chars().peekable();
    loop {
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        let mut word = Word { inverse: letters.next_if_eq(&'!').is_some(), ..Word::default() };
        let Some(first) = letters.peek() else {
            return words;
        };
        word.quoted = *first == '"';
        let mut inside = false;
        while let Some(letter) = letters.next_if(|letter| inside || !letter.is_whitespace()) {
            match letter {
                '"' => inside = !inside,
                ':' | '~' if word.key.is_none() && !inside && !word.quoted && is_name(&word.value) => {
                    word.key = Some((std::mem::take(&mut word.value).to_lowercase(), letter));
                }
                _ => word.value.push(letter),
            }
        }
        words.push(word);
    }
}

/// Whether this can be the name of a term: `12:04` and `/a:b` cannot.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphabetic())
}

fn condition(key: &str, sign: char, value: &str) -> Result<Test, String> {
    let list = |known: &[(&'static str, usize)], allowed: &str| choices(key, value, known, allowed);
    match (key, value) {
        ("id" | "topic", "") => Err(format!("{key}{sign} wants a text after it")),
        ("id", _) if sign == '~' => Ok(Test::IdHas(Needle::new(value))),
        ("id", _) => Ok(Test::Id(Needle::new(value))),
        ("topic", _) if sign == '~' => Ok(Test::TopicHas(Needle::new(value))),
        ("topic", _) => value.parse().map(Test::Topic).map_err(|error| format!("topic: {error}")),
        ("presence", _) => {
            let found = list(&numbered(&Is::ALL.map(|(name, _)| name)), "online, overdue, offline or unknown")?;
            Ok(Test::Presence(found.into_iter().map(|at| Is::ALL[at].1).collect()))
        }
        ("cause", _) => causes(value),
        ("fault", _) => {
            let known = Fault::ALL.map(Fault::name).into_iter().chain(["any", "none"]).collect::<Vec<_>>();
            let found = list(&numbered(&known), &format!("{}, any or none", Fault::ALL.map(Fault::name).join(", ")))?;
            let done = |at: usize| match Fault::ALL.get(at) {
                Some(fault) => Done::Fault(*fault),
                None if known[at] == "any" => Done::Any,
                None => Done::Nothing,
            };
            Ok(Test::Fault(found.into_iter().map(done).collect()))
        }
        ("evidence", _) => {
            let all = [Evidence::Wire, Evidence::Lifecycle, Evidence::Will, Evidence::Retained, Evidence::Inferred];
            let found = list(&numbered(&all.map(Evidence::name)), "wire, lifecycle, will, retained or inferred")?;
            Ok(Test::Evidence(found.into_iter().map(|at| all[at]).collect()))
        }
        ("missing", _) => {
            let found = list(&numbered(&Hop::ALL.map(Hop::name)), "will, rule, executed, notified or recovered")?;
            Ok(Test::Missing(found.into_iter().map(|at| Hop::ALL[at]).collect()))
        }
        ("origin", _) => {
            let found = list(&numbered(&["launched", "seen"]), "launched or seen")?;
            Ok(Test::Origin(found.into_iter().map(|at| [Origin::Launched, Origin::Seen][at]).collect()))
        }
        _ => {
            let near = KEYS.iter().min_by_key(|known| strsim::damerau_levenshtein(known, key));
            let near = near.filter(|near| strsim::damerau_levenshtein(near, key) <= 2);
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near}:?"));
            Err(format!("there is no {key}: here{near} {}; for the text itself write it in quotes", KEYS.join(": ")))
        }
    }
}

fn numbered(names: &[&'static str]) -> Vec<(&'static str, usize)> {
    names.iter().enumerate().map(|(at, name)| (*name, at)).collect()
}

fn causes(value: &str) -> Result<Test, String> {
    let own = Cause::ALL.iter().enumerate();
    let mut known: Vec<(&'static str, usize)> =
        own.flat_map(|(at, cause)| [cause.word(), cause.words(), cause.name()].map(|name| (name, at))).collect();
    let place = |wanted: Cause| Cause::ALL.iter().position(|cause| *cause == wanted).unwrap_or_default();
    known.extend(NICKNAMES.map(|(name, cause)| (name, place(cause))));
    let allowed = "cut, keepalive, takeover, left, leftwithwill, protocol, kicked or unknown";
    let found = choices("cause", value, &known, allowed)?;
    Ok(Test::Cause(found.into_iter().map(|at| Cause::ALL[at]).collect()))
}

/// The values in a list with commas. A name that is given in full wins over those that it only begins.
fn choices(key: &str, value: &str, known: &[(&'static str, usize)], allowed: &str) -> Result<Vec<usize>, String> {
    let mut found = Vec::new();
    for one in value.split(',').map(bare).filter(|one| !one.is_empty()) {
        let whole = known.iter().filter(|(name, _)| bare(name) == one);
        let begun = known.iter().filter(|(name, _)| bare(name).starts_with(&one));
        let before = found.len();
        found.extend(whole.map(|(_, at)| *at));
        if found.len() == before {
            found.extend(begun.map(|(_, at)| *at));
        }
        if found.len() == before {
            return Err(format!("{key}: there is no {one}; it is {allowed}"));
        }
    }
    if found.is_empty() {
        return Err(format!("{key}: {allowed}"));
    }
    found.dedup();
    Ok(found)
}

/// Letters and digits alone: `keep-alive`, `keep_alive` and `keepalive` are one.
fn bare(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
