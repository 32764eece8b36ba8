//! Files of scenarios: read with every fault and its place, printed and read back, and those that lwtop brings along.
//!
//! A step is a table with one verb and the keys that belong to it:
//!
//! ```toml
//! [[steps]]
//! fault = "fin"
//! device = "lwtThing"
//! ```

mod print;
mod shipped;
mod steps;

pub use print::print;
pub use shipped::{Shipped, shipped};

use super::ConfigError;
use super::reader::{Keys, told};
use crate::mqtt::TopicFilter;
use crate::scenario::Scenario;
use toml::de::DeTable;

/// Reads a scenario from its text; `file` is named in errors.
///
/// # Errors
/// Every fault that is found, in the order of the text; never an empty list.
pub fn read(text: &str, file: &str) -> Result<Scenario, Vec<ConfigError>> {
    let table = DeTable::parse(text).map_err(|error| vec![ConfigError::from_toml(file, text, &error)])?;
    let mut faults = Vec::new();
    let mut keys = Keys::new(String::new(), 0, table.get_ref(), &mut faults);
    let title = keys.text("title", "text in quotes", line);
    let title = keys.needed("title", title);
    let summary = keys.text("summary", "text in quotes", line);
    let summary = keys.needed("summary", summary);
    let listen = if keys.has("listen") {
        keys.list("listen", |text| text.parse::<TopicFilter>().map_err(|error| error.to_string()))
    } else {
        keys.written("listen");
        Some(Vec::new())
    };
    let steps = keys.written("steps");
    if steps.is_none() {
        keys.fault("there are no steps: write [[steps]]");
    }
    let steps = steps.map(|list| steps::read(list, keys.faults()));
    keys.finish();
    match (title, summary, listen, steps) {
        (Some(title), Some(summary), Some(listen), Some(steps)) if faults.is_empty() => {
            Ok(Scenario { title, summary, listen, steps })
        }
        _ => Err(told(faults, file, text)),
    }
}

/// Text for one line of the screen.
fn line(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        text if text.chars().any(char::is_control) => {
            Err("it has a line break or a control character in it".to_owned())
        }
        text => Ok(text.to_owned()),
    }
}
